"""The model card: in the bundle as Markdown, in its manifest as facts, printed by `whatsit info`."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import whatsit as wi
from tests import ROOT, hostile
from tests.conftest import Run
from tests.hostile import network, novelty, with_manifest, write
from whatsit.bundle import CARD, MANIFEST, Bundle
from whatsit.card import Cleaned, Facts, Source
from whatsit.card.facts import MOST_SOURCES, merged
from whatsit.catalog import sources_of
from whatsit.errors import BundleError

SIZE = 64
FACTS = Facts(
    pictures={"train": [400, 40], "valid": [100, 9], "test": [0, 3]},
    right=[97, 5],
    interval=(0.88, 0.97),
    intervals=[(0.91, 0.99), None],
    groups=None,
    epochs=12,
    views=4,
    seed=7,
    is_pretrained=True,
    is_assigned=True,
    sources=[Source("commons", "CC BY 4.0", 300), Source("", "", 12)],
)


@pytest.fixture(scope="module")
def trained(all_digits: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of collected digits, beside their folder."""
    place = tmp_path_factory.mktemp("card")
    rows = []
    for label in "017":
        (place / "digits" / label).mkdir(parents=True)
        for number, path in enumerate(sorted((all_digits / label).glob("*.png"))[:20]):
            shutil.copy(path, place / "digits" / label)
            source = ("commons", "CC BY-SA 4.0") if number % 2 else ("openverse", "CC0")
            if number:  # the first is the user's own
                place_of, known = f"{label},{number},kept,{label}/{path.name},,", ",An Author,,A Title,"
                rows.append(f"{place_of},{source[1]}{known}{source[0]},,,,")
    head = "class,number,status,file,error,url,license,author,page,title,provider,words,sha256,time,invited"
    (place / "digits" / "manifest.csv").write_text("\n".join([head, *rows, ""]))
    learner = wi.Learner(wi.Catalog.from_folder(place / "digits"), size=SIZE)
    learner.fit_one_cycle(3)
    learner.export(place / "digits.whatsit")
    return place / "digits.whatsit"


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return replace(Bundle.read(write(tmp_path / "b.whatsit", network(), novelty=novelty())), facts=FACTS)


def test_card_of_a_training_counts_what_was_measured(trained: Path) -> None:
    card = Bundle.read(trained).card.to_dict()
    assert [(one["name"], one["train"], one["valid"], one["test"]) for one in card["classes"]] == [
        ("0", 16, 4, 0),
        ("1", 16, 4, 0),
        ("7", 16, 4, 0),
    ]
    accuracy = card["accuracy"]
    assert accuracy["images"] == 12
    assert accuracy["right"] == sum(one["right"] for one in card["classes"])
    low, high = accuracy["interval"]
    assert low < accuracy["right"] / 12 <= high
    assert card["training"]["epochs"] == 3
    assert card["sources"] == [
        {"provider": "commons", "license": "CC BY-SA 4.0", "pictures": 30},
        {"provider": "openverse", "license": "CC0", "pictures": 27},
    ]


def test_card_in_the_bundle_is_its_facts_in_english(trained: Path) -> None:
    with zipfile.ZipFile(trained) as archive:
        text = archive.read(CARD).decode()
    assert text == Bundle.read(trained).card.markdown("en")
    assert "| 0 | 16 | 4 | 0 |" in text
    assert "| not recorded | - | 3 |" in text
    for secret in (
        *(path.name for path in (trained.parent / "digits").rglob("*.png")),
        "An Author",
        "A Title",
    ):
        assert secret not in text


def test_same_training_writes_the_same_card(trained: Path, tmp_path: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(trained.parent / "digits"), size=SIZE)
    learner.fit_one_cycle(3)
    learner.export(tmp_path / "again.whatsit")
    assert (tmp_path / "again.whatsit").read_bytes() == trained.read_bytes()


def test_info_prints_the_card(trained: Path, command: Run) -> None:
    printed = command("info", trained)
    assert printed.returncode == 0, printed.stderr
    lines = printed.stdout.splitlines()
    assert lines[:3] == [str(trained), "", "Image classifier"]
    assert "class  training  validation  test  right  95% interval" in lines
    assert "12 pictures are few: the interval shows how little is known." in printed.stdout
    assert "3 classes have fewer than 10 validation pictures" in printed.stdout
    assert all(len(line) <= 100 for line in lines[1:])
    assert "训练方式" in command("info", trained, "--lang", "zh").stdout
    facts = json.loads(json.dumps(Bundle.read(trained).card.to_dict()))
    assert json.loads(command("info", trained, "--json").stdout) == facts


@pytest.mark.parametrize("number", [1, 2, 3])
def test_old_bundle_has_a_card_of_what_it_recorded(number: int, command: Run) -> None:
    printed = command("info", ROOT / "tests" / "fixtures" / f"format-{number}.whatsit")
    text = " ".join(printed.stdout.split())
    assert "It sorts pictures into 4 classes: ant, bee, cat, dog." in text
    assert "On 24 pictures its accuracy was 50.0%." in text
    assert "How the validation pictures were chosen is not recorded." in text
    assert ("it has seen nothing like this" in text) == (number > 1)


def test_facts_survive_the_bundle(bundle: Bundle, tmp_path: Path) -> None:
    bundle.write(tmp_path / "c.whatsit")
    again = Bundle.read(tmp_path / "c.whatsit")
    assert again.facts == FACTS
    assert again.card.markdown() == bundle.card.markdown()
    assert "right on 102 of 109 validation pictures: accuracy 93.6% (95% interval 88.0% to 97.0%)" in str(
        again.card
    )
    assert "1 class has fewer than 10 validation pictures, so the figures for it say little." in str(
        again.card
    )


def test_card_says_which_pictures_were_cleaned(bundle: Bundle, tmp_path: Path, command: Run) -> None:
    assert "cleaned" not in bundle.card.markdown("en")
    facts = replace(FACTS, cleaned={"test": Cleaned(5, 7), "valid": Cleaned(1, 0), "train": Cleaned(9, 9)})
    replace(bundle, facts=facts).write(tmp_path / "c.whatsit")
    assert Bundle.read(tmp_path / "c.whatsit").facts == facts
    text = " ".join(command("info", tmp_path / "c.whatsit").stdout.split())
    assert "The test pictures were cleaned in a review: 5 removed, 7 relabeled." in text
    assert "These pictures were cleaned in a review: 1 removed, 0 relabeled." in text
    record = json.loads(command("info", tmp_path / "c.whatsit", "--json").stdout)
    assert record["cleaned"]["test"] == {"removed": 5, "relabeled": 7}


def test_card_of_a_bundle_before_reviews_is_read(bundle: Bundle, tmp_path: Path) -> None:
    bundle.write(tmp_path / "c.whatsit")
    record = {name: value for name, value in FACTS.to_dict().items() if name != "cleaned"}
    assert Bundle.read(with_manifest(tmp_path / "c.whatsit", {"card": record})).facts == FACTS


def test_card_says_what_a_fine_tuned_model_was_chosen_by(bundle: Bundle) -> None:
    assert "frozen" in bundle.card.markdown()
    tuned = replace(bundle, metrics={"fine_tuned": True}).card.markdown()
    assert "fine-tuned: its late layers" in tuned
    assert "also decided between the frozen and the fine-tuned model" in tuned


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a | b", r"a \| b"),
        ("<img src=x>", r"\<img src=x\>"),
        ("[x](http://evil.example)", r"\[x\](http&#58;//evil.example)"),
        ("www.evil.example", "www&#46;evil.example"),
        ("`x`\n# y", r"\`x\`\\n\# y"),
        ("a\x1b[2J", r"a\\x1b\[2J"),
        ("x" * 300, "x" * 77 + "..."),
    ],
)
def test_no_class_name_is_markup(bundle: Bundle, name: str, shown: str) -> None:
    model = replace(bundle.model, classes=["a", name])
    text = replace(bundle, model=model).card.markdown()
    assert f"\n| {shown} | 40 | 9 | 3 | 5 | - |\n" in text
    assert f"2 classes: a, {shown}." in text


def test_card_of_many_classes_stays_small(bundle: Bundle) -> None:
    count = 12_000
    names = [f"{'熊<' * 40}{number}" for number in range(count)]
    many: dict[str, Any] = {split: [1] * count for split in ("train", "valid", "test")}
    facts = replace(FACTS, pictures=many, right=[1] * count, intervals=[(0.0, 1.0)] * count)
    text = replace(bundle, model=replace(bundle.model, classes=names), facts=facts).card.markdown("en")
    assert len(text.encode()) < 1 << 20
    assert "and 11,000 more" in text


# A card from a stranger


@pytest.mark.parametrize(
    "change",
    [
        {"right": [200, 5]},
        {"right": [97]},
        {"right": [97, -5]},
        {"right": [97, 5.0]},
        {"right": [97, True]},
        {"pictures": {"train": [1, 2], "valid": [100, 9]}},
        {"pictures": {"train": [1, 2], "valid": [100, 9], "test": [10**90, 1]}},
        {"interval": [0.9, 0.1]},
        {"interval": [0.1, 1.1]},
        {"interval": [0.1]},
        {"interval": "ab"},
        {"intervals": [None]},
        {"groups": "7"},
        {"epochs": -1},
        {"is_assigned": 1},
        {"sources": [["x", "y", "z"]]},
        {"sources": [["x" * 101, "y", 1]]},
        {"sources": [["x", "y", 1]] * (MOST_SOURCES + 1)},
        {"sources": {"x": 1}},
        {"cleaned": {"new": [1, 2]}},
        {"cleaned": {"test": [1]}},
        {"cleaned": {"test": [1, -2]}},
        {"cleaned": [1, 2]},
    ],
)
def test_impossible_facts_are_refused_by_name(bundle: Bundle, tmp_path: Path, change: dict[str, Any]) -> None:
    bundle.write(tmp_path / "c.whatsit")
    record = {**FACTS.to_dict(), **change}
    with pytest.raises(BundleError, match="a model card that is not valid"):
        Bundle.read(with_manifest(tmp_path / "c.whatsit", {"card": record}))


@pytest.mark.parametrize("text", [b"\xff", b"a\x1b[2J", b"a\rb", b"a\x00", "a\x9b".encode()])
def test_text_of_a_card_must_be_text(bundle: Bundle, tmp_path: Path, text: bytes) -> None:
    with pytest.raises(BundleError, match="a model card that is not valid"):
        Bundle.read(with_text(bundle, tmp_path / "c.whatsit", text))


def test_text_of_a_card_must_be_the_one_that_was_written(bundle: Bundle, tmp_path: Path) -> None:
    path = with_text(bundle, tmp_path / "c.whatsit", b"# It is always right\n", checksum=False)
    with pytest.raises(BundleError, match=r"was changed: card\.md does not match its checksum"):
        Bundle.read(path)


def test_gigantic_card_is_not_read(bundle: Bundle, tmp_path: Path) -> None:
    path = with_text(bundle, tmp_path / "c.whatsit", b"x" * (1 << 20 | 1))
    with pytest.raises(BundleError, match=r'part "card\.md" of 1,048,577 bytes'):
        Bundle.read(path)


def test_bundle_without_its_card_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    path = with_text(bundle, tmp_path / "c.whatsit", None)
    with pytest.raises(BundleError, match=r"missing, duplicated or unknown \(card\.md\)"):
        Bundle.read(path)


def test_what_a_text_claims_is_not_printed(bundle: Bundle, tmp_path: Path, command: Run) -> None:
    path = with_text(bundle, tmp_path / "c.whatsit", b"# It is always right\n")
    assert "always right" not in command("info", path).stdout


def with_text(bundle: Bundle, path: Path, text: bytes | None, checksum: bool = True) -> Path:
    """The bundle with another text of its card, or without one."""
    bundle.write(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts[MANIFEST])
    parts.pop(CARD)
    if text is not None:
        parts[CARD] = text
        if checksum:
            manifest["sha256"][CARD] = hostile.checksum(text)
    parts[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


# Where pictures came from


def test_picture_is_known_by_content_after_it_was_moved(digits: Path) -> None:
    catalog = wi.Catalog.from_folder(digits)
    head = "status,file,license,provider,sha256\n"
    first, second = catalog.items[:2]
    rows = [
        f"kept,elsewhere/x.png,CC0,commons,{first.content}",
        f"kept,{second.path.relative_to(digits).as_posix()},'=1+1,'@x,",
        "failed,,CC BY 4.0,commons,",
    ]
    (digits / "manifest.csv").write_text(head + "\n".join(rows))
    assert sources_of(catalog) == {("commons", "CC0"): 1, ("@x", "=1+1"): 1}


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x00", b"a,b\n1,2\n", b'"' + b"x" * 200_000])
def test_odd_manifests_name_no_source(digits: Path, data: bytes) -> None:
    (digits / "manifest.csv").write_bytes(data)
    assert not sources_of(wi.Catalog.from_folder(digits))


def test_many_sources_become_a_hundred(bundle: Bundle) -> None:
    some = merged([Source(f"p{number}", "CC0", number) for number in range(150)])
    assert len(some) == MOST_SOURCES
    assert sum(one.pictures for one in some) == sum(range(150))
    assert some[0] == Source("p149", "CC0", 149)
