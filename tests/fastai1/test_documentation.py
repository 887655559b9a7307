"""`doc`, `whatsit doc` and `??`: what the lesson's names mean, with examples that run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import whatsit as wi
import whatsit.fastai1
from tests.conftest import Run, rendered
from tests.pictures import put
from tests.shown import assert_short
from whatsit.fastai1 import doc, documentation, models
from whatsit.fastai1.documentation import find, page_of, thing_of
from whatsit.fastai1.examples import EXAMPLES, NAMES, example_of
from whatsit.i18n import codes, speaking

SLOW = {"Learner.unfreeze"}


def bears(folder: Path) -> None:
    """The pictures that the examples are about."""
    for kind, label in enumerate(("black", "grizzly", "teddys")):
        for n in (*range(7), 21):
            put(folder / label / f"{n:08}.jpg", rendered(100 * kind + n, (64, 48)))
    put(folder / "urls_black.txt", b"http://127.0.0.1/a-network-of-your-own.jpg")


@pytest.fixture(scope="module")
def lesson(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The lesson's names in a folder with pictures, as its examples find them: small, and quick to train."""
    folder = tmp_path_factory.mktemp("lesson")
    bears(folder / "data" / "bears")
    names: dict[str, Any] = {}
    with chdir(folder):
        exec("from whatsit.fastai1 import *\nfrom whatsit.fastai1.widgets import *", names)
        yield names


def small(code: str) -> str:
    """An example with a small network and small pictures."""
    return re.sub(r"models\.resnet\d+", "models.lite0", code).replace("224", "64").replace("(4", "(1")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) if name in SLOW else name for name in NAMES]
)
def test_every_example_runs(name: str, lesson: dict[str, Any]) -> None:
    lines = small(example_of(name)).splitlines()
    known = lesson.setdefault("lines that ran", set())
    own = small(EXAMPLES[f"doc.{name}"]).splitlines()
    before = [line for line in lines[: len(lines) - len(own)] if line not in known]
    exec("\n".join(before), lesson)
    known.update(before)
    recorder = vars(lesson["learn"].recorder) if "learn" in lesson else {}
    recorded = dict(recorder)
    exec("\n".join(own), dict(lesson))
    recorder.update(recorded)  # which loading begins anew


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
def test_every_example_runs_alone_and_as_it_is_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    bears(tmp_path / "data" / "bears")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(weights))
    exec(example_of(name), {})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the networks in the examples."""
    import timm

    folder = tmp_path_factory.mktemp("weights")
    for layers in (18, 34, 50, 101):
        torch.manual_seed(layers)
        torch.save(timm.create_model(f"resnet{layers}").state_dict(), folder / f"resnet{layers}.pth")
    return folder


def test_every_name_is_there_and_explained() -> None:
    assert [name for name in NAMES if thing_of(name) is None] == ["ImageDataBunch.classes"]
    assert {code for code in codes("en") if code.startswith("doc.")} == set(EXAMPLES)
    whole = [page for name in NAMES for page in find(name)]
    assert [page.name for page in whole if not page.signature and callable(thing_of(page.name))] == [
        "partial"
    ]
    without = [page.name for page in whole if not page.source]
    assert without == ["imagenet_stats", "BytesIO"]


def test_every_public_name_of_our_own_is_explained() -> None:
    own = {
        name
        for name in whatsit.fastai1.__all__
        if getattr(getattr(whatsit.fastai1, name), "__module__", "").startswith("whatsit.fastai1")
    }
    assert own - set(NAMES) == {"Indices"}


def test_doc_prints_a_signature_a_paragraph_an_example_and_the_source(
    capsys: pytest.CaptureFixture[str], lesson: dict[str, Any]
) -> None:
    doc(whatsit.fastai1.ImageDataBunch.from_folder)
    head, about, example, source = capsys.readouterr().out.rstrip().split("\n\n")
    assert head.startswith("ImageDataBunch.from_folder(path, train='train', valid='valid', valid_pct=None")
    assert head.endswith("seed=None, *, ds_tfms=None, tfms=None, size=None, bs=None, num_workers=None)")
    assert about.startswith("Reads a folder with one sub-folder for each class.")
    assert example.splitlines()[:2] == ["    from whatsit.fastai1 import *", "    path = Path('data/bears')"]
    assert re.fullmatch(r"Source: .*data\.py, line \d+", source)


def test_doc_knows_methods_objects_names_and_what_others_made(capsys: pytest.CaptureFixture[str]) -> None:
    data = whatsit.fastai1.ImageDataBunch.single_from_classes("bears", ["black", "teddys"])
    assert page_of(data).name == "ImageDataBunch"
    assert page_of(data.show_batch).name == "ImageDataBunch.show_batch"
    assert page_of(whatsit.fastai1.np).name == "np"
    assert page_of(models.resnet34).name == "models.resnet34"
    other = page_of(partial)
    assert (other.name, other.example) == ("partial", example_of("partial"))
    for thing, name in (
        (data.classes, "list"),
        (models.densenet121, "models"),
        (whatsit.fastai1.ImageList.label_from_df, "ImageList.label_from_df"),
        (whatsit.fastai1.Recorder, "Recorder"),
    ):
        assert page_of(thing).name == name
    foreign = page_of(np.random.RandomState.randint)
    assert foreign.about.startswith("randint(low, high=None")
    doc("learn.fit_one_cycle")
    assert capsys.readouterr().out.startswith("Learner.fit_one_cycle(cyc_len, max_lr=slice(None, 0.003)")
    assert_short(find("doc")[0], "doc(thing)")


def test_doc_shows_a_page_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(documentation, "is_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    doc(whatsit.fastai1.Path.ls)
    page = shown[0]._repr_html_()
    assert "<b>Path.ls</b>()" in page
    assert "<pre><code>from whatsit.fastai1 import *\n" in page


def test_properties_are_not_shown_as_calls(lesson: dict[str, Any]) -> None:
    for name in ("ImageDataBunch.c", "ImageDataBunch.x", "ImageDataBunch.train_ds", "Learner.recorder"):
        assert find(name)[0].signature == ""
        assert str(find(name)[0]).startswith(f"{name}\n\n")
    data = whatsit.fastai1.ImageDataBunch.from_folder("data/bears", valid_pct=0.25, size=64)
    assert [page_of(one).name for one in (data.x, data.y, data.valid_ds)] == [
        "ImageDataBunch.x",
        "ImageDataBunch.y",
        "ImageDataBunch.train_ds",
    ]


def test_explanations_are_in_both_languages() -> None:
    with speaking("zh"):
        text = str(find("create_cnn")[0])
    assert "创建学习器" in text
    assert "源代码：" in text


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(wi.WhatsitError, match=r'no name "fit_one_cicle"\. Did you mean "fit_one_cycle"\?'):
        doc("fit_one_cicle")
    with pytest.raises(wi.WhatsitError, match=r"no name \"xyz\"\. `whatsit doc` lists all"):
        doc("xyz")
    with pytest.raises(wi.WhatsitError, match=r"no untar_data of fastai 1\. .*Put the pictures into folders"):
        doc("untar_data")
    with pytest.raises(wi.WhatsitError, match=r"no learn.TTA of fastai 1\. .*get_preds"):
        doc("learn.TTA")


def test_command_prints_a_name_all_names_or_a_suggestion(command: Run) -> None:
    one = command("doc", "top_losses")
    assert one.stdout.startswith("ClassificationInterpretation.top_losses(k=None, largest=True)\n")
    both = command("doc", "from_csv").stdout
    assert both.index("ImageDataBunch.from_csv(") < both.index("ImageList.from_csv(")
    everything = command("doc").stdout
    assert [line for line in everything.splitlines() if not line.startswith(" ")] == NAMES
    assert (
        "    Makes a learner: a pretrained backbone, frozen, with a new head for your classes.\n"
        in everything
    )
    wrong = command("doc", "crate_cnn")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert 'Did you mean "create_cnn"?' in wrong.stderr
    (page,) = json.loads(command("doc", "np", "--json").stdout)["pages"]
    assert set(page) == {"name", "signature", "about", "example", "source"}
    assert len(json.loads(command("doc", "--json").stdout)["names"]) == len(NAMES)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("error_rate", "return 1 - accuracy(preds, targs)"),
        ("create_cnn", "return Learner(data, arch"),
        ("ClassificationInterpretation.top_losses", "self.today.top_losses()"),
        ("FileDeleter", "def _carry_out"),
        ("Learner.fit_one_cycle", "self.learner.fit_one_cycle("),
        ("tensor", "return torch.tensor("),
    ],
)
def test_two_question_marks_show_a_short_function(name: str, holds: str) -> None:
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("from whatsit.fastai1 import *\nfrom whatsit.fastai1.widgets import *")
        with capture_output() as captured:
            shell.run_line_magic("pinfo2", name)
    finally:
        InteractiveShell.clear_instance()
    shown = re.sub(r"\x1b\[[\d;]*m", "", captured.stdout)
    assert holds in shown
    assert len(shown.splitlines()) <= 60


def test_names_are_explained_where_pytorch_is_not_installed() -> None:
    code = "import sys; sys.modules['torch'] = None; from whatsit.cli import main; main()"
    command = [sys.executable, "-c", code, "doc", "create_cnn"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "learn = create_cnn(data, models.resnet34" in done.stdout, done.stderr


def test_source_is_that_of_the_name_itself() -> None:
    for name, file in (("create_cnn", "learner.py"), ("Learner.get_preds", "learner.py")):
        assert f"{file}, line" in find(name)[0].source
