"""The lesson's data: what it is made of, and which pictures validate."""

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path as AnyPath

import numpy as np
import pandas as pd
import pytest

from tests.fastai1.conftest import CLASSES
from tests.listening import on_lines
from whatsit import Catalog
from whatsit.catalog.split import Rule
from whatsit.errors import CatalogError, WhatsitError
from whatsit.fastai1 import (
    Category,
    Image,
    ImageDataBunch,
    ImageList,
    create_cnn,
    get_image_files,
    get_transforms,
    imagenet_stats,
    models,
)


def lesson(path: AnyPath, valid_pct: float = 0.25) -> ImageDataBunch:
    return ImageDataBunch.from_folder(
        path, train=".", valid_pct=valid_pct, ds_tfms=get_transforms(), size=64, num_workers=4
    ).normalize(imagenet_stats)


def rules(path: AnyPath) -> list[str]:
    """The splits that are recorded."""
    with sqlite3.connect(path / ".whatsit" / "project.sqlite") as database:
        return [rule for (rule,) in database.execute("SELECT rule FROM rules")]


def test_data_of_a_folder_is_as_the_lesson_shows_it(bears: AnyPath) -> None:
    data = lesson(bears)
    assert (data.classes, data.c, len(data.train_ds), len(data.valid_ds)) == (CLASSES, 3, 18, 6)
    assert (data.size, data.bs, data.path) == (64, None, bears)
    assert len(data.test_ds) == 0
    assert data.augment() is not None
    assert {path.parent.name for path in data.x.items} == set(CLASSES)
    assert repr(data.valid_ds) == "<Dataset: 6 valid pictures of 3 classes>"
    picture, label = data.train_ds[0]
    assert isinstance(picture, Image)
    assert (label, type(label)) == ("black", Category)
    figure = data.show_batch(rows=2, figsize=(7, 8))
    assert figure is not None
    assert [axis.get_title() for axis in figure.axes] == [*CLASSES, "black"]
    assert figure.get_size_inches().tolist() == [7, 8]


def test_numpys_seed_fixes_the_validation_pictures(bears: AnyPath) -> None:
    before = Catalog.from_folder(bears)
    np.random.seed(42)
    first = lesson(bears)
    np.random.seed(42)
    assert lesson(bears).valid_ds.paths == first.valid_ds.paths
    assert lesson(bears).valid_ds.paths != first.valid_ds.paths  # drawn from the generator once more
    np.random.seed(42)
    assert len(lesson(bears, 0.75).valid_ds) == 18
    assert list(Catalog.from_folder(bears)) == list(before)
    (bears / "black" / "00000000.jpg").unlink()
    np.random.seed(42)
    left = set(first.valid_ds.paths) - {bears / "black" / "00000000.jpg"}
    assert left <= set(lesson(bears).valid_ds.paths)


def test_data_without_a_seed_leaves_no_split_behind(bears: AnyPath) -> None:
    Catalog.from_folder(bears)
    validated = {tuple(lesson(bears).valid_ds.paths) for _ in range(4)}
    assert len(validated) > 1
    assert rules(bears) == [Rule().name]
    ImageDataBunch.from_folder(bears, train=".", valid_pct=0.25, seed=7)
    assert len(rules(bears)) == 2


def test_split_none_trains_on_everything_and_disturbs_nothing(bears: AnyPath) -> None:
    np.random.seed(42)
    data = lesson(bears)
    path = str(bears)
    db = (
        ImageList.from_folder(path)
        .split_none()
        .label_from_folder()
        .transform(get_transforms(), size=224)
        .databunch()
    )
    assert (len(db.train_ds), len(db.valid_ds), db.size, db.classes) == (24, 0, 224, CLASSES)
    np.random.seed(42)
    assert lesson(bears).valid_ds.paths == data.valid_ds.paths
    assert len(rules(bears)) == 1


def test_data_block_splits_by_chance_and_by_folders(bears: AnyPath) -> None:
    np.random.seed(42)
    chosen = ImageList.from_folder(bears).split_by_rand_pct(0.25).label_from_folder().databunch(bs=8)
    np.random.seed(42)
    assert chosen.valid_ds.paths == lesson(bears).valid_ds.paths
    assert (chosen.bs, chosen.size, chosen.augment()) == (8, "auto", None)
    for place, label in enumerate(CLASSES):
        for name, end in (("training", place + 1), ("held out", 8)):
            for path in sorted((bears / label).glob("*.jpg"))[:end]:
                (bears / name / label).mkdir(parents=True, exist_ok=True)
                path.rename(bears / name / label / path.name)
        (bears / label).rmdir()
    data = ImageDataBunch.from_folder(bears, train="training", valid="held out")
    assert (len(data.train_ds), len(data.valid_ds), data.classes) == (6, 18, CLASSES)
    (bears / "held out").rename(bears / "valid")
    data = ImageList.from_folder(bears).split_by_folder("training").label_from_folder().databunch()
    assert {path.relative_to(bears).parts[0] for path in data.valid_ds.paths} == {"valid"}
    assert data.catalog is not None
    assert data.catalog.source == bears
    notes: list[str] = []
    with on_lines(notes.append):
        ImageDataBunch.from_folder(bears, train=".", valid_pct=0.2)
    assert "valid_pct is not used" in notes[-1]


def cleaned(bears: AnyPath) -> AnyPath:
    """A table as the lesson's ImageCleaner writes it, of which one file is gone meanwhile."""
    with open(bears / "cleaned.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "label"])
        for path in sorted(bears.glob("*/*.jpg")):
            rows.writerow([path.relative_to(bears), path.parent.name])
    (bears / "black" / "00000003.jpg").unlink()
    return bears / "cleaned.csv"


def test_cleaned_table_is_read_as_the_lesson_does(bears: AnyPath) -> None:
    file = cleaned(bears)
    np.random.seed(42)
    data = ImageDataBunch.from_csv(bears, folder=".", valid_pct=0.25, csv_labels="cleaned.csv", size=64)
    assert (len(data.train_ds) + len(data.valid_ds), data.classes) == (23, CLASSES)
    np.random.seed(42)
    frame = pd.read_csv(file)
    of_frame = ImageDataBunch.from_df(bears, frame, valid_pct=0.25, fn_col="name", label_col="label")
    assert of_frame.valid_ds.paths == data.valid_ds.paths
    db = ImageList.from_csv(bears, "cleaned.csv", folder=".").split_none().label_from_df().databunch()
    assert len(db.train_ds) == 23
    assert [str(label) for label in db.y] == [path.parent.name for path in db.x.items]
    with pytest.raises(CatalogError, match=r"no column species\. Choose one of these: name, label"):
        ImageDataBunch.from_csv(bears, csv_labels="cleaned.csv", label_col="species")
    next(bears.glob("black/*.jpg")).unlink()
    notes: list[str] = []
    with on_lines(notes.append):
        ImageDataBunch.from_csv(bears, csv_labels="cleaned.csv")
    assert notes[0].startswith("2 files of the table are not there, such as ")
    with pytest.raises(CatalogError, match=r"names is there, such as .*teddys/black/0.*folder"):
        ImageDataBunch.from_csv(bears, folder="teddys", csv_labels="cleaned.csv")


def test_labels_come_from_names_or_lists(bears: AnyPath) -> None:
    files = get_image_files(bears, recurse=True)
    assert get_image_files(bears / "black") == files[:8]
    np.random.seed(1)
    data = ImageDataBunch.from_name_re(bears, files, r"/([^/]+)/\d+\.jpg$", valid_pct=0.25)
    assert (data.classes, len(data.valid_ds)) == (CLASSES, 6)
    labels = [file.parent.name == "black" for file in files]
    assert ImageDataBunch.from_lists(bears, files, labels).classes == ["False", "True"]
    with pytest.raises(CatalogError, match="finds no class in"):
        ImageDataBunch.from_name_re(bears, files, r"/([A-Z]+)/")


def test_pictures_in_another_folder_belong_to_the_path_given(bears: AnyPath, cache: AnyPath) -> None:
    (bears / "photos").mkdir()
    for label in CLASSES:
        (bears / label).rename(bears / "photos" / label)
    (bears / "photos" / "hat").mkdir()
    notes: list[str] = []
    with on_lines(notes.append):
        data = ImageDataBunch.from_folder(bears, train="photos", valid_pct=0.25, size=64)
    assert (data.path, data.classes) == (bears, CLASSES)
    assert "do not become classes: hat." in notes[-1]
    learn = create_cnn(data, models.lite0)
    learn.fit_one_cycle(1)
    learn.save("stage-1")
    single = ImageDataBunch.single_from_classes(bears, data.classes, size=64)
    assert create_cnn(single, models.lite0).load("stage-1").data.path == bears


def test_data_of_classes_alone_has_no_pictures() -> None:
    data = ImageDataBunch.single_from_classes("bears", ["b", "a"], tfms=get_transforms(), size=224)
    assert (data.classes, data.c, data.catalog, data.size) == (["b", "a"], 2, None, 224)
    assert data.normalize(imagenet_stats) is data
    with pytest.raises(WhatsitError, match=r"has no pictures. Make it with ImageDataBunch.from_folder"):
        data.show_batch()


def test_transforms_say_when_they_count() -> None:
    made = get_transforms(do_flip=False, max_rotate=0, max_zoom=1, max_lighting=0, max_warp=0)
    assert "do_flip=False" in repr(made)
    assert "from unfreeze() on" in made._repr_html_()
    assert get_transforms(max_rotate=360).settings["max_rotate"] == 180
    with pytest.raises(WhatsitError, match="max_warp"):
        get_transforms(max_warp=2)


def test_other_statistics_are_noted(bears: AnyPath) -> None:
    notes: list[str] = []
    with on_lines(notes.append):
        lesson(bears).normalize(([0.5] * 3, [0.5] * 3))
    assert "are not used" in notes[-1]


WRONG: dict[str, tuple[Callable[[AnyPath], object], str]] = {
    "no share": (lambda path: ImageDataBunch.from_folder(path), 'train=".", valid_pct=0.2'),
    "its classes alone": (lambda path: ImageDataBunch.from_folder(path, train="."), "valid_pct is missing"),
    "a class": (lambda path: ImageDataBunch.single_from_classes(path, "hat"), "list of different names"),
    "no classes": (lambda path: ImageDataBunch.single_from_classes(path, []), "list of different names"),
    "same classes": (lambda path: ImageDataBunch.single_from_classes(path, ["a", "a"]), "different names"),
    "no network": (
        lambda path: create_cnn(ImageDataBunch.single_from_classes(path, ["a"]), "nonsense"),
        'no backbone "nonsense"',
    ),
    "resnet32": (
        lambda path: create_cnn(ImageDataBunch.single_from_classes(path, ["a"]), "resnet32"),
        "Did you mean resnet34",
    ),
    "alexnet": (lambda path: models.alexnet, r"models.resnet18"),
    "an option": (
        lambda path: ImageDataBunch.from_folder(path, valid_pct=0.2, sizes=3),
        "Did you mean size?",
    ),
    "an argument": (lambda path: ImageDataBunch.from_folder(path, valid_pc=0.2), "Did you mean valid_pct?"),
    "not square": (lambda path: ImageDataBunch.from_folder(path, valid_pct=0.2, size=(64, 32)), "size=224"),
    "a size": (lambda path: ImageDataBunch.from_folder(path, valid_pct=0.2, size="224"), "32 to 1024"),
    "a batch": (
        lambda path: ImageDataBunch.from_folder(path, valid_pct=0.2, bs=-1),
        "number of pictures in a batch",
    ),
    "transforms": (lambda path: ImageDataBunch.from_folder(path, valid_pct=0.2, ds_tfms=3), "get_transforms"),
    "no split": (lambda path: ImageList.from_folder(path).label_from_folder(), "split_by_rand_pct"),
    "no labels": (lambda path: ImageList.from_folder(path).split_none().databunch(), "label_from_folder"),
    "no table": (lambda path: ImageList.from_folder(path).split_none().label_from_df(), "from_csv"),
    "a folder": (
        lambda path: ImageDataBunch.from_folder(path.with_name("bear")),
        "does not exist. Did you mean",
    ),
    "a path": (lambda path: ImageDataBunch.from_folder(path / "bear", valid_pct=0.2), "does not exist"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_mistakes_name_the_way(bears: AnyPath, mistake: str) -> None:
    call, way = WRONG[mistake]
    with pytest.raises(WhatsitError) as refused:
        call(bears)
    assert way in str(refused.value)
