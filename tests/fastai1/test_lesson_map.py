"""Every call that the map of the lesson names exists, on both sides, and no call of the lesson is missing."""

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest
import typer

import whatsit
from tests import ROOT
from tests.fastai1.lesson import LESSON, python_blocks
from whatsit import fastai1
from whatsit.cli.app import app
from whatsit.fastai1 import widgets
from whatsit.fastai1.data import Settings
from whatsit.fastai1.datasets import Dataset
from whatsit.training.history import History

PAGE = ROOT / "docs" / "lesson-map.md"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
# What the names of a call stand for.
LESSON_NAMES = {
    **{name: getattr(widgets, name) for name in widgets.__all__},
    **{name: getattr(fastai1, name) for name in fastai1.__all__},
    "data": fastai1.ImageDataBunch,
    "data.train_ds": Dataset,
    "data.valid_ds": Dataset,
    "learn": fastai1.Learner,
    "learn.recorder": fastai1.Recorder,
    "interp": fastai1.ClassificationInterpretation,
    "path": fastai1.Path,
}
TODAY = {
    "wi": whatsit,
    "catalog": whatsit.Catalog,
    "learner": whatsit.Learner,
    "learner.history": History,
    "interp": whatsit.Interpretation,
    "classifier": whatsit.Classifier,
}
GIVEN = re.compile(r"path|file|c|df|fnames|labels|pat|classes|top_loss_paths|ds|idxs|img|learn_cln|dest")
LAST = {"ImageDataBunch": fastai1.ImageDataBunch, "ImageList": fastai1.ImageList}  # what its verbs give


def rows() -> list[tuple[str, str]]:
    """The lesson's and today's side of each row."""
    cells = (line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    return [(one[0].removeprefix("| "), one[1]) for one in cells]


def spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def has(owner: object, name: str) -> bool:
    """Whether an object, or one of a class, has an attribute."""
    if hasattr(owner, name):
        return True
    own = inspect.getsource(owner) if inspect.isclass(owner) else ""
    return re.search(rf"\bself\.{name}\b|^    {name}: ", own, re.M) is not None


def thing(node: ast.expr, names: dict[str, object]) -> object:
    """What an expression is, of a call of a class that class. Raises AttributeError for what is not there."""
    written = ast.unparse(node)
    if written in names:
        return names[written]
    if isinstance(node, ast.Attribute):
        owner = thing(node.value, names)
        if owner is not None and not has(owner, node.attr):
            raise AttributeError(written)
        return getattr(owner, node.attr, None)
    if isinstance(node, ast.Call):
        made = thing(node.func, names)
        return made if inspect.isclass(made) else LAST.get(written.partition(".")[0])
    if isinstance(node, ast.Name) and not GIVEN.fullmatch(node.id) and not hasattr(builtins, node.id):
        raise AttributeError(node.id)
    return None


def check(code: str, names: dict[str, object]) -> None:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            thing(node, names)
        if isinstance(node, ast.Call):
            function = thing(node.func, names)
            if not str(getattr(function, "__module__", "")).startswith("whatsit."):
                continue
            parameters = inspect.signature(function).parameters
            takes_more = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
            known = set(parameters) | ({one.name for one in fields(Settings)} if takes_more else set())
            known |= {"valid", "seed"} if takes_more else set()
            assert {one.arg for one in node.keywords} <= known, code


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_calls_exist_on_both_sides(row: tuple[str, str]) -> None:
    for code in spans(row[0]):
        check(code, LESSON_NAMES)
    for code in spans(row[1]):
        if code.startswith("whatsit "):
            assert code.split()[1] in COMMANDS
        else:
            check(code, TODAY)


def called(code: str) -> Iterator[str]:
    """The names that code calls, and the last ones of methods."""
    for node in ast.walk(ast.parse(re.sub(r"(?m)^[%!].*", "pass", code))):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


@pytest.mark.skipif(not LESSON.is_dir(), reason=f"the lesson is not at {LESSON}")
def test_no_call_of_the_lesson_is_missing() -> None:
    known = {name for name in fastai1.__all__ if not inspect.ismodule(getattr(fastai1, name))}
    for one in (
        fastai1.ImageDataBunch,
        fastai1.Learner,
        fastai1.Recorder,
        fastai1.ClassificationInterpretation,
    ):
        known |= {name for name in dir(one) if not name.startswith("_")}
    known |= {"ls", "FileDeleter"}
    used = {name for block in python_blocks() for name in called(block)} & known
    map_ = {name for left, _ in rows() for code in spans(left) for name in called(code)}
    assert used - map_ - {"tensor", "Path", "BytesIO"} == set()
    assert "`tensor(3.,2)`" in PAGE.read_text()


def test_slips_are_those_of_the_notes() -> None:
    slips = PAGE.read_text().partition("## Slips in the notes")[2]
    assert [word for word in ("CPU", "resnet32", "8.9", "train_ds") if word not in slips] == []
    assert not hasattr(fastai1.models, "resnet32")
