"""How objects show themselves in a console and in a notebook, and what is said of the usual mistakes."""

import io
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import whatsit as wi
from tests.conftest import rendered
from tests.recorded import RECORD
from tests.shown import assert_short
from whatsit.catalog import Catalog
from whatsit.classifier import _or_error
from whatsit.collection.collecting import collect_lists
from whatsit.collection.provider import Finds, Found
from whatsit.collection.tally import Collection, Tally
from whatsit.errors import CatalogError, ImageError, WhatsitError
from whatsit.extras import missing
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message
from whatsit.images import open_image
from whatsit.labeled import Labeled
from whatsit.preprocess import Preprocess
from whatsit.project import Answered, FinishedRun, Project, Training
from whatsit.project.runs import Export
from whatsit.tables import table, with_picture
from whatsit.training.checks import require_catalog
from whatsit.training.curve import draw_curve
from whatsit.training.doctor import diagnose
from whatsit.training.finder import sweep
from whatsit.training.history import Epoch, History
from whatsit.training.learning_rates import spread
from whatsit.training.what_if import Experiment
from whatsit.understand.comparison import paired, rank
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import LearningCurve
from whatsit.understand.metrics import Evaluation, evaluate
from whatsit.understand.scoring import Scored
from whatsit.understand.standings import Standing
from whatsit.verification.findings import Fixed, Verification

HOSTILE = "<script>alert(1)</script> & " + "long " * 100
CLASSES = [HOSTILE, "black", "teddy"]
DICE = np.random.default_rng(0)
LABELS = DICE.integers(0, 3, 200)
PROBABILITIES = DICE.dirichlet((1, 1, 1), 200)
EVALUATION = evaluate(LABELS, PROBABILITIES.astype(np.float32), CLASSES)
EPOCHS = [Epoch(n, 1 / n, 2 / n, 0.5 / n, 61.0, {"top_2": 0.9}) for n in (1, 2, 3)]
HITS = {str(n): n % 7 > 0 for n in range(100)}
BUNDLES = {"f" * 64: Export(1e9, "/home/somebody/bears.whatsit")}
RUN = FinishedRun("0001", RECORD, HITS, {"0": Answered("a", "b")}, bundles=BUNDLES)
FOUND = Found(f"https://example.org/{'bear' * 99}.jpg", "by", HOSTILE, "https://example.org", HOSTILE)
FOLDER = Path("/home/somebody") / ("a" * 150) / "bears"


def interpretation() -> Interpretation:
    features = DICE.normal(size=(200, 8))
    return Interpretation(CLASSES, LABELS, PROBABILITIES, features=features)


def curve() -> LearningCurve:
    return LearningCurve(CLASSES, [25, 50, 100, 200], DICE.random((4, 5, 200)) < 0.2, LABELS)


def verification() -> Verification:
    done = Verification(
        FOLDER, FOLDER, 9, True, [(FOLDER / f"{HOSTILE}.jpg", Message("plain.text", text="it is empty"))]
    )
    done.odd = {"tiny": [FOLDER / "a.jpg"]}
    done.fixed = [Fixed(FOLDER / "a.jpg", FOLDER / "b.jpg", ["tiny"])]
    return done


def collection() -> Collection:
    tally = Tally(10, 8, 1, 0, 7, 0, {HOSTILE: 2})
    return Collection(FOLDER, FOLDER / "manifest.csv", {HOSTILE: tally, "black": Tally()}, [HOSTILE])


SHOWN: dict[str, tuple[Callable[[], object], str]] = {  # and what its repr must hold
    "history": (lambda: History(EPOCHS), "3 epochs, error_rate 16.67%"),
    "no history": (History, "nothing was trained"),
    "epoch": (lambda: EPOCHS[0], "error_rate 50.00%"),
    "rates": (lambda: sweep(lambda rate: (np.log10(rate) + 2) ** 2 / 9 + 0.1), "Use a learning rate of"),
    "diagnosis": (lambda: diagnose(EPOCHS, 3, 200, EVALUATION, 0.003), "on 200 validation pictures is 16.7%"),
    "finding": (
        lambda: diagnose(EPOCHS, 3, 20).findings[-1],
        "few_validation_pictures: There are only 20 validation pictures",
    ),
    "experiment": (
        lambda: Experiment(
            Message("what_if.single_epoch"),
            History(EPOCHS),
            diagnose(EPOCHS, 3, 9),
            Message("what_if.enough"),
        ),
        "What if there is only a single epoch?",
    ),
    "difference": (lambda: paired(HITS, HITS), "+0.0 points (95% interval"),
    "ranking": (lambda: rank([HITS, dict.fromkeys(HITS, True)]), "number 1 of 2 has the lowest"),
    "curve": (curve, "error rate"),
    "forecast": (lambda: curve().forecast(400), "90% interval"),
    "evaluation": (lambda: EVALUATION, f"Right on {EVALUATION.right} of 200"),
    "no evaluation": (lambda: evaluate(LABELS[:0], PROBABILITIES[:0], CLASSES), "no picture"),
    "reliability": (lambda: interpretation().reliability, "calibration error 0."),
    "bin": (lambda: interpretation().reliability.bins[0], "right on"),
    "selective": (lambda: interpretation().selective, "it is right on"),
    "interpretation": (interpretation, f"Right on {EVALUATION.right} of 200"),
    "answer": (lambda: interpretation()[1], "loss "),
    "heat map": (
        lambda: HeatMap(
            HOSTILE, np.zeros((9, 9, 3), np.uint8), np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)
        ),
        "areas that support <script>",
    ),
    "component": (lambda: interpretation().components()[0], "% of all differences"),
    "preprocess": (lambda: Preprocess(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)), "size=224"),
    "transforms": (wi.transforms, "max_rotate=10"),
    "run": (lambda: RUN, "0001, lite0, right on 85 of 100"),
    "training": (lambda: Training(RUN, ["0001"], {}), "bears.whatsit"),
    "standing": (
        lambda: Standing(Training(RUN, ["0001"], {}), Scored(HITS), False),
        "error rate 15.0% on 100 pictures",
    ),
    "scored": (lambda: Scored(HITS, 3), "right on 85 of 100 pictures, 3"),
    "found": (lambda: FOUND, "https://example.org/bear"),
    "finds": (lambda: Finds([FOUND] * 200), "200 pictures"),
    "no finds": (Finds, "0 pictures"),
    "collection": (collection, "7 pictures kept of 10 found, 2 classes"),
    "tally": (lambda: collection().classes[HOSTILE], "7 kept of 10 found"),
    "verification": (verification, "7 of 9 pictures are fine; 1 unreadable, in the trash, 1 tiny"),
    "fixed": (lambda: verification().fixed[0], "b.jpg (tiny)"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_repr_is_short_and_has_the_answer(name: str) -> None:
    make, holds = SHOWN[name]
    assert_short(make(), holds)


class Tags(HTMLParser):
    """Parses a page as a browser would: which tags it has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append(("", str(dict(attributes)["style"])))
        if tag != "img":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open[-1] in ("td", "th"):
            self.cells[-1] = (data, self.cells[-1][1])


IN_NOTEBOOKS = {
    "history": "0.500000",
    "no history": "Nothing has been trained yet.",
    "rates": "Use a learning rate",
    "diagnosis": "error rate",
    "curve": "Trained on 200 pictures",
    "evaluation": "predicted as",
    "no evaluation": "no picture",
    "interpretation": "predicted as",
    "reliability": "calibration error",
    "selective": "right on",
    "finds": "license",
    "no finds": "0 pictures",
    "collection": "why not",
    "verification": "it is empty",
}


@pytest.mark.parametrize("name", IN_NOTEBOOKS)
def test_notebook_shows_a_table_or_picture_and_no_markup_of_strangers(name: str) -> None:
    one: Any = SHOWN[name][0]()
    page = one._repr_html_()
    parsed = Tags(page)
    assert IN_NOTEBOOKS[name] in parsed.text
    assert parsed.tags <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "img"}
    assert "color" not in page  # it is to be read in light and in dark
    page.encode()


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    columns = {"class": "", "pictures": ",", "recall": ".1%"}
    page = table(columns, [("a\nb\udcff", 12345, 0.5), ("<b>", None, float("nan"))], "all & more", ["note"])
    parsed = Tags(page)
    assert [text for text, _ in parsed.cells] == [
        *columns,
        *("a\\nb\\udcff", "12,345", "50.0%"),
        *("<b>", "", "nan"),
    ]
    for number, (_, style) in enumerate(parsed.cells):
        assert f"text-align: {'left' if number % 3 == 0 else 'right'}" in style
    assert parsed.text.startswith("all & more")
    assert parsed.text.endswith("note")
    page.encode()


def test_long_tables_are_cut_and_counted() -> None:
    parsed = Tags(table({"n": "d"}, [(n,) for n in range(1234)], most=10))
    assert len(parsed.cells) == 11
    assert parsed.text.endswith("and 1,224 more")


def test_evaluation_of_many_classes_shows_those_with_mistakes() -> None:
    confusion = np.diag(np.full(100, 5))
    confusion[70, 80], confusion[70, 81] = 4, 1
    shown = Tags(Evaluation([f"class {n}" for n in range(100)], confusion)._repr_html_())
    assert "class 80 (4), class 81 (1)" in [text for text, _ in shown.cells]
    assert shown.text.endswith("and 70 classes with fewer mistakes")


def test_sentence_is_shown_where_matplotlib_is_missing() -> None:
    def draw() -> Any:
        raise missing("A figure", "matplotlib")

    assert Tags(with_picture("1 < 2", draw)).text == "1 < 2"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for label in ("<b>bear</b>", "fox"):
        folder = tmp_path / label.replace("/", "\N{DIVISION SLASH}")
        folder.mkdir()
        for n in range(6):
            rendered(n + 10 * len(label)).save(folder / f"{n}.png")
    return Catalog.from_folder(tmp_path)


def test_catalog_its_pictures_and_its_project_show_themselves(catalog: Catalog) -> None:
    assert_short(catalog, "12 pictures, 2 classes")
    assert_short(catalog.items, "12 pictures, the first ")
    assert_short(catalog.summary(), "12 pictures of 2 classes")
    assert Tags(catalog.summary()._repr_html_()).cells[-5][0] == "fox"
    assert_short(catalog["test"].items, "0 pictures")
    assert_short(catalog.items[-1], "fox, ")
    assert_short(catalog.project, "pictures in ")
    assert_short(Project.passing(catalog.root), "until Python ends")
    assert_short(catalog.project.database, "project.sqlite")
    assert_short(catalog.project.features, "features")
    assert_short(catalog.rule, "valid=0.2")
    catalog.project.journal.begin().trash([(catalog.items[0].path, "it is blurred " * 50)])
    assert_short(catalog.project.journal, "moves")
    assert_short(catalog.project.journal.trashed()[0], "to the trash, made, it is blurred")


def test_catalog_shows_its_classes_and_splits(catalog: Catalog) -> None:
    shown = Tags(catalog._repr_html_())
    rows = [text for text, _ in shown.cells]
    assert rows[:5] == ["class", "pictures", "train", "valid", "test"]
    assert rows[-5:] == ["fox", "6", "5", "1", "0"]
    assert rows[5].startswith("<b>bear")
    assert "b" not in shown.tags


MISTAKES: dict[str, tuple[Callable[[Catalog], object], str]] = {
    "a number": (lambda c: c[0], r"not by \[0\].* write catalog.items\[0\]"),  # type: ignore[index]
    "a slice": (lambda c: c[1:3], r"write catalog.items\[1:3\]"),  # type: ignore[index]
    "nothing": (lambda c: c[None], r"name of a split, not by \[None\]"),  # type: ignore[index]
    "a misspelled split": (lambda c: c["vaild"], 'no split .vaild.. Did you mean "valid"'),  # type: ignore[index]
    "a long name": (lambda c: c["validation"], 'Did you mean "valid"'),  # type: ignore[index]
    "a class": (lambda c: c["fox"], 'Use "train", "valid" or "test"'),  # type: ignore[index]
    "a split of items": (lambda c: c.items["train"], r'catalog\["train"\].items'),  # type: ignore[call-overload]
    "text for transforms": (lambda c: c.show(augmented="yes"), "augmented must be True or transforms"),  # type: ignore[arg-type]
    "a number as group": (lambda c: Catalog.from_folder(c.root, group=5), "not a valid regular"),  # type: ignore[arg-type]
    "a path for a catalog": (lambda c: require_catalog("ants"), r'Learner\(Catalog.from_folder\("ants"\)\)'),
    "a folder for a catalog": (lambda c: require_catalog(Path("ants")), r'from_folder\("ants"\)'),
    "pictures for a catalog": (lambda c: require_catalog([1]), "not a list"),
    "text as angle": (lambda c: wi.transforms(max_rotate="10"), "max_rotate can't be '10'"),  # type: ignore[arg-type]
    "text as rate": (lambda c: spread("1e-3", 1), "A learning rate can't be '1e-3'"),  # type: ignore[arg-type]
    "no rate": (lambda c: spread(None, 3), "A learning rate can't be None"),  # type: ignore[arg-type]
    "a slice of text": (lambda c: spread(slice("a"), 3), "slice"),
    "no class": (lambda c: curve().doubled("balck"), "no class .balck.. Did you mean .black."),
    "an error in percent": (lambda c: curve().tell(5), "from 0 to 1"),
    "no repeats": (
        lambda c: draw_curve(*[Labeled(np.zeros(1), np.zeros(1, np.int64))] * 2, ["a"], 1, repeats=0),
        "repeats must be at least 1",
    ),
    "a list of classes": (lambda c: wi.collect(["a"], into="x"), "must be text, not a list"),  # type: ignore[arg-type]
    "nowhere to collect": (lambda c: wi.collect("a", into=None), "into must be a path"),  # type: ignore[arg-type]
    "text as number": (lambda c: wi.collect("a", into="x", max_pics="5"), "not '5'"),  # type: ignore[arg-type]
    "nothing to search": (lambda c: wi.search_images(" "), "no words to search for"),
    "one address": (
        lambda c: wi.download_images("https://example.org/a.jpg", c.root / "a"),
        r'Write \["https://example.org/a.jpg"\]',
    ),
    "numbers as addresses": (lambda c: wi.download_images([5], c.root / "a"), "5 is not an address"),  # type: ignore[list-item]
    "a number for a list": (lambda c: wi.download_images(5, c.root / "a"), "not a list of"),  # type: ignore[arg-type]
    "nowhere to download": (lambda c: wi.download_images(["x"], None), "dest must be"),  # type: ignore[arg-type]
    "text as most": (
        lambda c: collect_lists({"a": []}, c.root, max_pics="5"),
        "max_pics must be a whole number of at least 1, not '5'",
    ),  # type: ignore[arg-type]
    "a catalog to verify": (lambda c: wi.verify_images(c), "must be a path, not a Catalog"),  # type: ignore[arg-type]
    "text as size": (
        lambda c: wi.verify_images(c.root, max_size="big"),
        "size must be a whole number of at least 128, not .big.",
    ),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_end_in_a_sentence(name: str, catalog: Catalog) -> None:
    make, says = MISTAKES[name]
    with pytest.raises(WhatsitError, match=says) as caught:
        make(catalog)
    assert len(str(caught.value)) < 250


def test_what_is_wrong_with_a_catalog_is_a_catalog_error(catalog: Catalog) -> None:
    for place in (0, "vaild", slice(1, 3)):
        with pytest.raises(CatalogError):
            catalog[place]  # type: ignore[index]
    with pytest.raises(CatalogError):
        require_catalog("ants")


NO_PICTURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "array": (lambda folder: np.zeros((9, 9, 3), np.uint8), r"PIL.Image.fromarray\(array\)"),
    "tensor": (lambda folder: torch.zeros(3, 9, 9), "a tensor is not a picture"),
    "nothing": (lambda folder: None, "None is not a picture: give a path, bytes or a PIL image"),
    "number": (lambda folder: 5, "5 is not a picture"),
    "file": (lambda folder: io.BytesIO(b"picture"), r"file.read\(\)"),
    "tuple": (lambda folder: ("a.jpg", "b.jpg"), "or a list of these"),
    "list": (lambda folder: ["a.jpg"], "a list is not a picture"),
    "row of a catalog": (lambda folder: Found("x"), "a Found is not a picture"),
    "folder": (lambda folder: folder, "it is a folder, not a picture"),
    "address": (lambda folder: "https://example.org/a.jpg", "download it first"),
    "zero byte": (lambda folder: "a\0b.jpg", "no such file"),
    "no pixels": (lambda folder: Image.new("RGB", (0, 5)), "no pixels"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_not_a_picture_says_what_to_give(name: str, tmp_path: Path) -> None:
    make, says = NO_PICTURES[name]
    given: Any = make(tmp_path)
    with pytest.raises(ImageError, match=says):
        Preprocess(64).load(given)
    if name != "no pixels":
        with pytest.raises(ImageError, match=says):
            open_image(given)


def test_one_array_among_pictures_does_not_end_the_others(photo: Path) -> None:
    attempt = _or_error(Preprocess(64).load)
    given: list[Any] = [photo, np.zeros((9, 9, 3), np.uint8), photo]
    first, second, third = map(attempt, given)
    assert isinstance(second, ImageError)
    assert isinstance(first, np.ndarray)
    assert isinstance(third, np.ndarray)


def test_epochs_of_a_history_are_taken_by_number() -> None:
    assert History(EPOCHS)[-1] is EPOCHS[2]


def test_rates_of_numpy_are_numbers() -> None:
    assert spread(np.float32(0.5), 2) == [0.5, 0.5]  # type: ignore[arg-type]
