"""The demo's digits, with faults on purpose, and how many of these were found."""

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.text import printable
from whatsit.training.suspects import SURE, suspects_of
from whatsit.training.task import TrainResult

SIDE = 96
MOST_NAMES = 5
MISLABELED = {"00000010": "1", "00000020": "5", "00000030": "7"}  # digits that all show a 0


def write_digits(folder: Path, most: int | None = None) -> list[Path]:
    """Write scikit-learn's 1,797 handwritten digits as PNG files in 0 ... 9; those in the wrong folder.

    With `most` only the first ones. One is copied, and one cut in half.
    """
    with needing(Message("demo.this")):
        from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images[:most], digits.target[:most], strict=True)):
        target = folder / str(label) / f"{number:08}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.uint8(255 - pixels * 255 / 16))
        image.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(target)
    for name, wrong in MISLABELED.items():
        (source,) = folder.glob(f"*/{name}.png")
        source.rename(folder / wrong / source.name)
    shutil.copy(folder / "3" / "00000003.png", folder / "3" / "00000003-copy.png")
    cut = folder / "4" / "00000004.png"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    return [folder / wrong / f"{name}.png" for name, wrong in MISLABELED.items()]


def suspicious(result: TrainResult) -> dict[Path, str]:
    """Pictures whose labels look wrong, and what they look like.

    That is what heads that were not trained on them surely answer for training pictures, and the model for
    validation pictures.
    """
    learner = result.learner
    found = {one.path: one.predicted for one in suspects_of(learner._state, learner._calibration)}
    answers = learner.interpret()
    wrong = (answer for answer in answers if not answer.is_right and answer.probability >= SURE)
    return {**found, **{answer.path: answer.prediction for answer in wrong if answer.path}}


def found_labels(suspects: dict[Path, str], planted: Collection[Path]) -> list[Message]:
    """What was found of the labels that are wrong on purpose, and what else looks wrong."""
    planted = {path.absolute() for path in planted}
    suspects = {path.absolute(): predicted for path, predicted in suspects.items()}
    names = [
        Message("demo.looks_like", path=printable(path.name), predicted=printable(predicted))
        for path, predicted in sorted(suspects.items(), key=lambda one: one[0] not in planted)
    ]
    if (more := len(names) - MOST_NAMES) > 0:
        names[MOST_NAMES:] = [Message("printed.more", count=more)]
    lines = [Message("demo.wrong_labels", count=len(suspects), names=names)] if names else []
    found = sum(path in planted for path in suspects)
    code = "demo.planted_all" if found == len(planted) else "demo.planted_some"
    lines.append(Message(code, planted=len(planted), found=found))
    if others := len(suspects) - found:
        lines.append(Message("demo.others", count=others))
    return lines


def about_rocket(result: TrainResult, path: Path) -> Message:
    """What was answered for the drawing that shows none of the classes."""
    (answer,) = result.learner.predict([path])
    if answer.verdict == "novel":
        return Message("demo.rocket_novel", name=path.name)
    taken_for = {"predicted": answer.label, "probability": answer.probability}
    return Message("demo.rocket_sure", name=path.name, **taken_for)


def draw_answers(result: TrainResult, place: Path) -> None:
    """Draw some validation pictures with the answers for them."""
    from whatsit.understand.plots import draw_predictions

    items = list(result.learner.catalog["valid"])[::3][:15]
    answers = result.learner.predict([item.path for item in items])
    draw_predictions(
        (item.path, item.label, answer) for item, answer in zip(items, answers, strict=True)
    ).write(place)
