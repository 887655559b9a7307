import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import Run, campaign, rendered
from tests.listening import on_progress
from tests.pictures import put
from whatsit import Catalog, transforms
from whatsit.errors import CatalogError
from whatsit.i18n import speaking


def test_folder_becomes_classes_and_a_split(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    assert catalog.classes == ["0", "1", "7"]
    assert len(catalog) == 60
    assert catalog.counts()["7"] == {"train": 16, "valid": 4, "test": 0}
    assert {item.split for item in catalog["valid"]} == {"valid"}


def test_same_seed_same_split_and_another_seed_another(digits: Path) -> None:
    again = Catalog.from_folder(digits, project=digits.parent / "elsewhere")
    assert list(Catalog.from_folder(digits)) == list(again)
    assert list(Catalog.from_folder(digits)) != list(Catalog.from_folder(digits, seed=1))


def test_split_that_is_not_recorded_can_be_drawn_anew(digits: Path) -> None:
    first = {item.content: item.split for item in Catalog.from_folder(digits, seed=1, recorded=False)}
    for path in sorted((digits / "7").glob("*.png"))[:10]:
        path.unlink()
    left = Catalog.from_folder(digits, seed=1)
    assert left.counts()["7"] == {"train": 8, "valid": 2, "test": 0}
    assert len(left["valid"]) < sum(split == "valid" for split in first.values())


def test_split_does_not_depend_on_names(digits: Path) -> None:
    before = {item.content: item.split for item in Catalog.from_folder(digits)}
    for number, path in enumerate(sorted(digits.glob("*/*.png"), reverse=True)):
        path.rename(path.with_name(f"renamed {number}.png"))
    for project in (None, digits.parent / "elsewhere"):
        assert {item.content: item.split for item in Catalog.from_folder(digits, project=project)} == before


def test_copies_of_one_picture_stay_in_one_split(digits: Path) -> None:
    for path in sorted((digits / "0").glob("*.png")):
        path.with_name(f"copy-{path.name}").write_bytes(path.read_bytes())
    catalog = Catalog.from_folder(digits)
    splits = {item.content: set() for item in catalog}
    for item in catalog:
        splits[item.content].add(item.split)
    assert all(len(one) == 1 for one in splits.values())


def test_ready_made_splits_are_kept(digits: Path, tmp_path: Path) -> None:
    root = tmp_path / "made"
    for split in ("train", "validation", "test"):
        for label in "01":
            (root / split).mkdir(parents=True, exist_ok=True)
            (digits / label).rename(root / split / label)
            (digits / label).mkdir()
            for number, path in enumerate((root / split / label).iterdir()):
                if number < 3:
                    (digits / label / path.name).write_bytes(path.read_bytes() + bytes([number]))
    catalog = Catalog.from_folder(root)
    assert {item.split for item in catalog} == {"train", "valid", "test"}
    assert all(item.path.parts[-3][:4] in (item.split + "ation")[:4] for item in catalog)


def test_files_beside_the_classes_and_empty_folders_are_named_once_and_are_no_classes(digits: Path) -> None:
    (digits / "urls_black.txt").write_text("http://example.org/bear.jpg")
    (digits / "models").mkdir()
    catalog = Catalog.from_folder(digits)
    assert catalog.classes == ["0", "1", "7"]
    (warning,) = catalog.warnings
    assert "urls_black.txt" in str(warning)
    assert "models/" in str(warning)


def test_strange_names_are_read(digits: Path) -> None:
    source = next((digits / "0").iterdir())
    for name in ("with space.png", "quo\"te's.png", "new\nline.png", "bear 🐻.png"):
        (digits / "0" / name).write_bytes(source.read_bytes())
    (digits / "0" / os.fsdecode(b"caf\xe9.png")).write_bytes(source.read_bytes() + b"x")
    catalog = Catalog.from_folder(digits)
    assert len(catalog) == 65
    assert all(item.path.exists() for item in catalog)


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        Catalog.from_folder(tmp_path / "none")
    with pytest.raises(CatalogError, match="no sub-folders with pictures"):
        Catalog.from_folder(tmp_path)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    with pytest.raises(CatalogError, match="no sub-folders with pictures"):
        Catalog.from_folder(tmp_path)


def test_one_class_and_single_pictures_are_said(digits: Path, tmp_path: Path) -> None:
    root = tmp_path / "one"
    (digits / "0").rename(root / "0" if root.mkdir() is None else root)
    with pytest.raises(CatalogError, match="only one class"):
        Catalog.from_folder(root)
    (root / "1").mkdir()
    for label in "01":
        for extra in sorted((root / label).iterdir())[1:]:
            extra.unlink()
    next((digits / "1").iterdir()).rename(root / "1" / "one.png")
    with pytest.raises(CatalogError, match="only one"):
        Catalog.from_folder(root)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1])
def test_impossible_validation_share_is_refused(digits: Path, share: float) -> None:
    with pytest.raises(CatalogError, match="must be above 0 and below 1"):
        Catalog.from_folder(digits, valid=share)


def test_nine_tenths_for_validation_is_as_good_as_a_fifth(digits: Path) -> None:
    assert Catalog.from_folder(digits, valid=0.9).counts()["0"] == {"train": 2, "valid": 18, "test": 0}


def labels_and_splits(catalog: Catalog) -> list[tuple[str, str, str]]:
    return [(item.path.name, item.label, item.split) for item in catalog]


def test_catalog_is_counted_iterated_and_sliced(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    assert len(list(catalog)) == len(catalog.items) == 60
    valid = catalog["valid"]
    assert len(valid) == 12
    assert valid.classes == catalog.classes
    assert catalog.items[-1] == catalog.items[59] == catalog.items[50:][-1]
    with pytest.raises(CatalogError, match="no split"):
        catalog["validation"]  # type: ignore[index]
    assert repr(catalog) == "<Catalog of 60 pictures, 3 classes (train 48, valid 12, test 0)>"


def test_table_reads_the_same_from_csv_dataframe_and_lists(digits: Path) -> None:
    pandas = pytest.importorskip("pandas")
    paths = sorted(path.relative_to(digits) for path in digits.glob("*/*.png"))
    rows = [
        (str(path), f"digit {path.parent}", "test" if n % 10 == 0 else "") for n, path in enumerate(paths)
    ]
    csv = digits / "labels.csv"
    csv.write_text("path,label,split\n" + "".join(",".join(row) + "\n" for row in rows))
    columns = [list(column) for column in zip(*rows, strict=True)]
    frame = pandas.DataFrame(dict(zip(("path", "label", "split"), columns, strict=True)))
    catalogs = [
        Catalog.from_csv(csv),
        Catalog.from_dataframe(frame, digits),
        Catalog.from_lists(columns[0], columns[1], [split or None for split in columns[2]], digits),
    ]
    assert catalogs[0].classes == ["digit 0", "digit 1", "digit 7"]
    assert sum(count["test"] for count in catalogs[0].counts().values()) == 6
    assert len({tuple(labels_and_splits(catalog)) for catalog in catalogs}) == 1


def test_csv_of_a_spreadsheet_is_read(digits: Path) -> None:
    """Excel's: a byte order mark, semicolons, quotes, Windows line ends, a path to somewhere else."""
    paths = sorted(digits.glob("*/*.png"))
    lines = [f'"{path}";"a ""{path.parent.name}"""' for path in paths]
    (digits / "sub").mkdir()
    (digits / "sub" / "t.csv").write_text("\r\n".join(["path;label", *lines]), encoding="utf-8-sig")
    catalog = Catalog.from_csv(digits / "sub" / "t.csv")
    assert catalog.classes == ['a "0"', 'a "1"', 'a "7"']
    assert len(catalog) == 60


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "labels.csv has no columns"),
        ("file,label\na.png,0\n", 'no column "path". Its columns are: file, label'),
        ("path,label\n0/a.png,\n", "row 2: the path or the label is missing"),
        ("path,label,split\n0/a.png,0,trian\n", 'row 2: "trian" is not a split'),
        ("path,label\n0/none.png,0\n", "there is no such file"),
        ('path,label\n"0/a.png,0\n', "not a valid CSV file"),
    ],
)
def test_csv_that_cannot_be_used_is_said(digits: Path, text: str, sentence: str) -> None:
    (digits / "labels.csv").write_text(text)
    with pytest.raises(CatalogError, match=sentence):
        Catalog.from_csv(digits / "labels.csv")


def test_labels_come_from_file_names(digits: Path) -> None:
    flat = digits.parent / "flat"
    flat.mkdir()
    for path in digits.glob("*/*.png"):
        path.rename(flat / f"digit-{path.parent.name}_{path.stem}.png")
    (flat / "cover.png").write_bytes(next(flat.iterdir()).read_bytes())
    catalog = Catalog.from_pattern(flat, r"(digit-\d)_\d+\.png$")
    assert catalog.classes == ["digit-0", "digit-1", "digit-7"]
    assert len(catalog) == 60
    assert "cover.png" in str(catalog.warnings[0])
    assert Catalog.from_pattern(flat, r"(.*)-(?P<label>\d)_").classes == ["0", "1", "7"]
    for pattern, sentence in [
        ("(", "not a valid regular expression"),
        ("digit", "no group"),
        ("(cat)", "none of 61 pictures, such as"),
    ]:
        with pytest.raises(CatalogError, match=sentence):
            Catalog.from_pattern(flat, pattern)


def test_what_belongs_together_stays_in_one_split(digits: Path) -> None:
    paths = sorted(digits.glob("*/*.png"))
    person = {path: f"person{n % 9}" for n, path in enumerate(paths)}
    for path, name in person.items():
        path.rename(path.with_name(f"{name}-{path.name}"))
    rows = [
        f"{path.parent.name}/{name}-{path.name},{path.parent.name},{name}" for path, name in person.items()
    ]
    (digits / "t.csv").write_text("\n".join(["path,label,who", *rows]))
    for catalog in (
        Catalog.from_folder(digits, group=r"(person\d)-"),
        Catalog.from_folder(digits, group=lambda path: path.name[:7]),
        Catalog.from_csv(digits / "t.csv", group="who"),
    ):
        splits: dict[str, set[str]] = {}
        for item in catalog:
            splits.setdefault(item.path.name[:7], set()).add(item.split)
        assert len(splits) == 9
        assert all(len(one) == 1 for one in splits.values())
        assert {split for (split,) in splits.values()} == {"train", "valid"}


def test_group_that_matches_nothing_is_said(digits: Path) -> None:
    (warning,) = Catalog.from_folder(digits, group=r"(person\d)-").warnings
    assert str(warning) == 'group="(person\\d)-" matches no picture, so it keeps no pictures together.'


def test_latest_photos_validate_by_the_camera_s_time_or_the_file_s(tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        for n in range(10):
            path = tmp_path / label / f"{n}.jpg"
            exif = Image.Exif()
            if label == "a":  # the camera's clock counts, whatever the file's says
                exif[306] = f"2026:01:{n + 1:02} 12:00:00"
            rendered(n + 100 * (label == "b")).save(path, exif=exif)
            day = 1_700_000_000 + 86400 * (9 - n if label == "a" else n)
            os.utime(path, (day, day))
    catalog = Catalog.from_folder(tmp_path, by_time=True)
    assert list(map(str, catalog.warnings)) == [
        "10 pictures have no date taken: the time of the file is used instead."
    ]
    assert {item.path.name for item in catalog["valid"]} == {"8.jpg", "9.jpg"}
    assert len(catalog["valid"]) == 4


def test_near_copies_are_in_one_split(tmp_path: Path) -> None:
    for label in range(2):
        (tmp_path / str(label)).mkdir()
        for n in range(20):
            image = rendered(n + 100 * label)
            image.save(tmp_path / str(label) / f"{n}.png")
            image.resize((200, 150)).save(tmp_path / str(label) / f"{n}-copy.jpg", quality=60)
    catalog = Catalog.from_folder(tmp_path)
    splits: dict[tuple[str, str], set[str]] = {}
    for item in catalog:
        splits.setdefault((item.label, item.path.stem.partition("-")[0]), set()).add(item.split)
    assert len(splits) == 40
    assert all(len(one) == 1 for one in splits.values())
    assert catalog.counts()["0"] == {"train": 32, "valid": 8, "test": 0}


FOLDER_CHANGES = ("add", "add a near copy", "remove", "rename", "relabel", "bring back")


@campaign(200)
@given(st.data())
def test_remaining_pictures_stay_where_they_were(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for label in range(2):
            (root / str(label)).mkdir()
            for n in range(6):
                rendered(10 * label + n, (40, 30)).save(root / str(label) / f"{n}.png")
        home: dict[str, str] = {}
        removed: list[bytes] = []
        for number in range(data.draw(st.integers(2, 5))):
            for item in Catalog.from_folder(root, to_train=False):
                assert home.setdefault(item.content, item.split) == item.split
            paths = sorted(root.glob("*/*.png"))
            path = data.draw(st.sampled_from(paths))
            new = root / data.draw(st.sampled_from("01")) / f"new {number}.png"
            match data.draw(st.sampled_from(FOLDER_CHANGES)):
                case "add":
                    rendered(100 + number, (40, 30)).save(new)
                case "add a near copy":
                    Image.open(path).resize((60, 45)).save(new)
                case "remove" if len(paths) > 2:
                    removed.append(path.read_bytes())
                    path.unlink()
                case "rename":
                    path.rename(path.with_name(new.name))
                case "relabel":
                    path.rename(new)
                case "bring back" if removed:
                    new.write_bytes(removed.pop())
        for item in Catalog.from_folder(root, to_train=False):
            assert home.setdefault(item.content, item.split) == item.split


def test_what_looks_like_a_mistake_is_said(digits: Path) -> None:
    (digits / "Seven").mkdir()
    (digits / "seven").mkdir()
    twins = sorted((digits / "7").iterdir())
    twins[0].rename(digits / "Seven" / "a.png")
    twins[1].rename(digits / "seven" / "b.png")
    (digits / "0" / "copy.png").write_bytes(twins[2].read_bytes())
    said = " ".join(map(str, Catalog.from_folder(digits).warnings))
    assert "differ only in case: Seven, seven" in said
    assert "only one picture: Seven, seven." in said
    assert f"the same picture under two labels, one of which is wrong: 0/copy.png = 7/{twins[2].name}" in said


def test_class_without_validation_picture_is_said(digits: Path) -> None:
    catalog = Catalog.from_folder(
        digits, group=lambda path: "one person" if path.parent.name == "7" else None
    )
    assert catalog.counts()["7"]["valid"] == 0
    without = "classes without validation pictures, so their accuracy can't be measured: 7."
    assert without in map(str, catalog.warnings)


def test_links_that_go_round_in_circles_are_read_once(digits: Path) -> None:
    (digits / "0" / "loop").symlink_to(digits)
    (digits / "0" / "self.png").symlink_to("self.png")
    (digits / "0" / "gone.png").symlink_to("nowhere.png")
    catalog = Catalog.from_folder(digits)
    assert len(catalog) == 60
    assert "link to a folder that is read anyway" in str(catalog.warnings[0])
    assert {path.name for path, _ in catalog.unreadable} == {"self.png", "gone.png"}


def test_unreadable_files_are_listed_and_left_alone(digits: Path) -> None:
    broken = {
        "page.jpg": b"<html>",
        "empty.png": b"",
        "cut.png": next((digits / "1").iterdir()).read_bytes()[:99],
    }
    for name, data in broken.items():
        (digits / "0" / name).write_bytes(data)
    for _ in range(2):  # as it is read, and as it is remembered
        catalog = Catalog.from_folder(digits)
        assert {path.name for path, _ in catalog.unreadable} == set(broken)
        assert all(str(reason) for _, reason in catalog.unreadable)
        assert len(catalog) == 60
    assert all((digits / "0" / name).exists() for name in broken)


def test_folder_that_changes_while_it_is_read_is_said(digits: Path) -> None:
    paths = sorted(digits.glob("*/*.png"))

    def meddle(title: str, done: int, total: int) -> None:
        if done == 1:
            paths[-1].unlink()
            paths[-2].write_bytes(paths[0].read_bytes())

    with on_progress(meddle):
        catalog = Catalog.from_folder(digits)
    (warning,) = [text for text in map(str, catalog.warnings) if "changed while" in text]
    assert paths[-1].name in warning
    assert paths[-2].name in warning
    again = Catalog.from_folder(digits)
    assert len(again) == 59
    assert not [text for text in map(str, again.warnings) if "changed while" in text]


def test_summary_says_what_is_worth_knowing_in_ten_lines(digits: Path) -> None:
    paths = sorted((digits / "0").iterdir())
    (digits / "0" / "copy.png").write_bytes(paths[0].read_bytes())
    (digits / "1" / "page.jpg").write_text("<html>")
    for path in sorted((digits / "7").iterdir())[5:]:
        path.unlink()
    summary = Catalog.from_folder(digits).summary()
    assert summary.images == 46
    assert summary.formats == {"PNG": 46}
    assert summary.shorter_sides == (96, 96, 96)
    assert set(summary.exact_duplicates[0]) == {paths[0], digits / "0" / "copy.png"}
    text = str(summary)
    assert len(text.splitlines()) <= 10
    for said in (
        "46 pictures of 3 classes",
        "from 5 (7) to 21 (0)",
        "which is uneven",
        "the same as another",
        "page.jpg",
    ):
        assert said in text
    json.dumps(summary.to_dict())
    with speaking("zh"):
        assert "46 张图片" in str(summary)
        assert "不太均衡" in str(summary)


def test_summary_says_how_the_split_was_made(digits: Path) -> None:
    catalog = Catalog.from_folder(digits, valid=0.25, seed=7)
    assert catalog.summary().split == catalog.rule.message
    assert str(catalog.rule.message) == "25% of each class, drawn with seed 7"
    by_time = Catalog.from_folder(digits, by_time=True).summary()
    assert str(by_time.split) == "the latest 20% of each class"
    items = list(catalog)
    paths, labels, splits = zip(*((item.path, item.label, item.split) for item in items), strict=True)
    given = Catalog.from_lists(paths, labels, splits, root=digits)
    assert str(given.summary().split) == "as given by the folders or the table"


def test_summary_and_figure_of_an_empty_split_are_empty(digits: Path) -> None:
    empty = Catalog.from_folder(digits)["test"]
    assert str(empty.summary()).startswith("0 pictures")
    assert len(empty.to_dataframe()) == 0
    assert empty.show(rows=1) is not None


def test_figure_shows_a_picture_and_what_augmentation_makes_of_it(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    figure = catalog.show(2, 3, augmented=True)
    assert [axis.get_title() for axis in figure.axes] == ["0", "", "", "", "", ""]
    tiles = [np.asarray(axis.images[0].get_array()) for axis in figure.axes]
    assert all(tile.shape == tiles[0].shape for tile in tiles)
    assert len({tile.tobytes() for tile in tiles}) == 6
    again = catalog.show(2, 3, augmented=True)
    assert [np.asarray(axis.images[0].get_array()).tobytes() for axis in again.axes] == [
        tile.tobytes() for tile in tiles
    ]
    still = transforms(flip=False, max_rotate=0, max_zoom=1, max_warp=0, max_lighting=0)
    same = catalog.show(1, 2, augmented=still)
    assert abs(np.subtract(*(np.float32(axis.images[0].get_array()) for axis in same.axes))).max() <= 1


def test_figure_shows_pictures_of_all_classes(digits: Path, tmp_path: Path) -> None:
    figure = Catalog.from_folder(digits).show(rows=3)
    titles = [axis.get_title() for axis in figure.axes]
    assert len(titles) == 15
    assert {"0", "1", "7"} == set(titles)
    figure.write(tmp_path / "pictures.png")
    with Image.open(tmp_path / "pictures.png") as image:
        assert image.width > 800


def test_dataframe_has_a_row_per_picture(digits: Path) -> None:
    pytest.importorskip("pandas")
    catalog = Catalog.from_folder(digits)
    frame = catalog.to_dataframe()
    assert list(frame.columns) == [
        "path",
        "label",
        "split",
        "width",
        "height",
        "bytes",
        "format",
        "taken",
        "content",
    ]
    assert frame["path"].tolist() == [str(item.path) for item in catalog]
    assert frame["split"].value_counts().to_dict() == {"train": 48, "valid": 12}
    assert set(frame["format"]) == {"PNG"}


def test_test_pictures_without_labels_are_passed_over(digits: Path, tmp_path: Path) -> None:
    """As Kaggle hands them out: Train/ with classes inside, Test/ with pictures only, an empty val/."""
    root = tmp_path / "kaggle"
    (root / "Test").mkdir(parents=True)
    (root / "val").mkdir()
    digits.rename(root / "Train")
    next((root / "Train" / "7").iterdir()).rename(root / "Test" / "1.png")
    catalog = Catalog.from_folder(root)
    assert catalog.classes == ["0", "1", "7"]
    assert len(catalog) == 59
    assert catalog.counts()["0"] == {"train": 16, "valid": 4, "test": 0}
    assert "Test/" in str(catalog.warnings[0])


def test_links_to_other_classes_and_out_of_the_folder_give_no_second_label(digits: Path) -> None:
    (digits / "0" / "sevens").symlink_to(digits / "7")
    (digits / "0" / "up").symlink_to(digits.parent)
    (digits.parent / "more").mkdir()
    rendered(1).save(digits.parent / "more" / "a.png")
    (digits / "0" / "more").symlink_to(digits.parent / "more")
    catalog = Catalog.from_folder(digits)
    assert {label: sum(count.values()) for label, count in catalog.counts().items()} == {
        "0": 21,
        "1": 20,
        "7": 20,
    }
    assert len([text for text in map(str, catalog.warnings) if "not followed" in text]) == 2


def test_group_in_two_splits_is_reported(digits: Path) -> None:
    def by_name(path: Path) -> str:
        return path.stem[-1]

    assert not Catalog.from_folder(digits, group=by_name).warnings
    by_name_only = Catalog.from_folder(digits, group=lambda path: path.stem)
    assert not by_name_only.warnings
    (warning,) = Catalog.from_folder(digits, group=lambda path: path.parent.name).warnings
    assert "groups with pictures in several splits, as assigned or given earlier" in str(warning)


def test_rare_class_in_a_group_of_others_keeps_something_to_learn_from(digits: Path, tmp_path: Path) -> None:
    (digits / "rare").mkdir()
    for n, path in enumerate(sorted(digits.glob("*/*.png"))):
        video = 3 if n % 20 == 7 else n % 10
        label = "rare" if n % 20 == 7 else path.parent.name
        path.rename(digits / label / f"v{video}_{path.name}")
    for seed in range(8):
        counts = Catalog.from_folder(digits, seed=seed, group=r"(v\d+)_").counts()
        assert counts["rare"]["train"] == 3


def test_class_that_is_no_text_is_shown(command: Run, digits: Path) -> None:
    (digits / "7").rename(digits / os.fsdecode(b"b\xff"))
    shown = command("show", digits)
    assert shown.returncode == 0, shown.stderr
    assert "b\\udcff" in shown.stdout
    assert "Rename them before you train" in shown.stdout
    str(Catalog.from_folder(digits, to_train=False).summary()).encode()


@pytest.mark.parametrize("sizes", [(1, 1, 30, 2), (20, 20), (2,) * 10, (1,) * 14 + (2,)])
def test_figure_shows_every_class_whatever_its_size(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    for label, size in enumerate(sizes):
        (tmp_path / f"{label:02}").mkdir()
        for n in range(size):
            rendered(100 * label + n, (20, 15)).save(tmp_path / f"{label:02}" / f"{n}.png")
    titles = [axis.get_title() for axis in Catalog.from_folder(tmp_path).show().axes]
    assert set(titles) - {""} == {f"{label:02}" for label in range(len(sizes))}


def test_burst_is_said_at_every_opening(tmp_path: Path) -> None:
    for label in range(2):
        (tmp_path / str(label)).mkdir()
        for n in range(6):
            image = rendered(0 if label == 0 else n + 1)
            image.resize((160 + n, 120 + n)).save(tmp_path / str(label) / f"{n}.png")
    for _ in range(2):
        assert any("nearly the same" in str(one) for one in Catalog.from_folder(tmp_path).warnings)


def test_numbers_and_gaps_of_numpy_and_pandas_are_understood(digits: Path) -> None:
    pandas = pytest.importorskip("pandas")
    paths = sorted(digits.glob("*/*.png"))
    frame = pandas.DataFrame({"path": paths, "label": [path.parent.name for path in paths]})
    frame["split"] = pandas.array([pandas.NA] * 59 + ["test"], dtype="string")
    catalog = Catalog.from_dataframe(frame, digits, valid=np.float32(0.25), seed=np.int64(3))
    assert len(catalog["test"]) == 1
    splits = np.array(["train", "valid"] * 30)
    assert len(Catalog.from_lists(paths, frame["label"], splits, digits)["valid"]) == 30
    with pytest.raises(CatalogError, match="valid and seed must be numbers, not 'a lot' and 42"):
        Catalog.from_folder(digits, valid="a lot")  # type: ignore[arg-type]
    with pytest.raises(CatalogError, match="items"):
        catalog[0]  # type: ignore[index]


def test_csv_made_by_hand_is_read(digits: Path) -> None:
    paths = sorted(digits.glob("*/*.png"))
    lines = [f"{path}, digit {path.parent.name} ,{n % 9}" for n, path in enumerate([*paths, paths[0]])]
    (digits / "t.csv").write_text("\n".join(["Path, Label,Who", *lines]))
    catalog = Catalog.from_csv(digits / "t.csv", group="Who")
    assert catalog.classes == ["digit 0", "digit 1", "digit 7"]
    assert catalog.rule.relation == "column Who"
    assert len(catalog) == 60
    assert list(map(str, catalog.warnings)) == [f"listed twice, but used once: 0/{paths[0].name}."]
    (digits / "t.csv").write_text("path,label\n")
    with pytest.raises(CatalogError, match="no rows"):
        Catalog.from_csv(digits / "t.csv")
    (digits / "t.csv").write_bytes(b"path,label\ncaf\xe9.png,a\n")
    with pytest.raises(CatalogError, match="CSV UTF-8"):
        Catalog.from_csv(digits / "t.csv")


def test_folder_of_image_folders_is_refused_unless_it_is_meant(tmp_path: Path, command: Run) -> None:
    for kind, place in enumerate(("bears/black", "bears/teddy", "fabrics/silk", "fabrics/wool")):
        for number in range(6):
            put(tmp_path / "photos" / place / f"{number}.png", rendered(10 * kind + number))
    photos = tmp_path / "photos"
    for words in (("show", photos), ("train", photos), ("lr", photos)):
        refused = command(*words)
        assert refused.returncode == 2
        assert "look like image folders themselves: bears contains black and teddy" in refused.stderr
        assert f"Choose one of them: {photos / 'bears'}" in refused.stderr
        assert "--recursive" in refused.stderr
        assert not (photos / ".whatsit").exists()
    assert command("show", photos, "--recursive").returncode == 0
    assert Catalog.from_folder(photos, recursive=True).classes == ["bears", "fabrics"]
    assert Catalog.from_folder(photos, group=r"/(\w+)/").classes == ["bears", "fabrics"]
    assert Catalog.from_folder(photos / "bears").classes == ["black", "teddy"]
    put(photos / "bears" / "loose.png", rendered(7))
    assert Catalog.from_folder(photos).classes == ["bears", "fabrics"]


def test_folder_above_train_and_valid_is_named(tmp_path: Path) -> None:
    for place in ("train/a", "train/b", "valid/a", "valid/b"):
        put(tmp_path / "above" / "data" / place / "0.png", rendered(len(place)))
    with pytest.raises(CatalogError, match=r"data contains train and valid.* Choose one of them: .*data"):
        Catalog.from_folder(tmp_path / "above")
    assert Catalog.from_folder(tmp_path / "above" / "data", to_train=False).classes == ["a", "b"]
