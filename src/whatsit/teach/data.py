"""The data of the course page: points, digits, and of a folder the reader's own photos, as plain JSON."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whatsit.labeled import Labeled
from whatsit.teach.descent import START
from whatsit.teach.digits import DARKEST, TRAIN, load_digits, split
from whatsit.teach.lines import TRUE
from whatsit.teach.models import Array, Line, descend
from whatsit.teach.photos import of_folder
from whatsit.teach.rows import Course, fitted, headed

POINTS, LR, STEPS, SEED = 100, 0.1, 100, 2  # the lesson's, as TRUE and START are
ROWS = 100_000  # to compare a loop with a product of matrices
PAIR = (3, 8)  # the digits that look most alike


def course(folder: Path | None = None, project: Path | None = None) -> Course:
    """All that the page shows, with what only a `folder` of pictures has as None where there is none.

    `line` has points, the start and the whole path (steps + 1 rows of slope, intercept, loss); `digits` have
    pixels 0..16, the first `train` rows to train on. `pair` and `head` have rows of numbers for two and for
    all classes of pictures, what the same loop reaches on them, and what the head of `whatsit train` does on
    the same pictures; `photos` are small pictures, `run` is the last training of the folder. Raises
    WhatsitError.
    """
    found: Course = {"line": line(), "timing": timing(), "digits": digits()}
    if folder is None:
        return found | of_digits() | dict.fromkeys(("photos", "run", "folder"))
    return found | of_folder(folder, project)


def line(points: int = POINTS) -> Course:
    """The lesson's points, or another number of them, and every step of its gradient descent."""
    rng = np.random.default_rng(SEED)
    inputs = np.column_stack([rng.uniform(-1, 1, points), np.ones(points)])
    y = inputs @ TRUE + rng.random(points)
    model, places = Line(START), [list(START)]
    losses = descend(model, Labeled(inputs, y), LR, STEPS, lambda: places.append(model.a.tolist()))  # type: ignore[arg-type]
    path = [[*place, loss] for place, loss in zip(places, losses, strict=True)]
    settings = {"a": list(TRUE), "start": list(START), "lr": LR, "steps": STEPS}
    return {"x": inputs[:, 0].tolist(), "y": y.tolist(), **settings, "path": path}


def timing() -> Course:
    """How many seconds `x @ a` takes here for so many `rows`, in a `loop` of Python and as a `matrix`.

    The loop is the page's: over the rows of the same array. Each is the fastest of three.
    """
    x, a = np.random.default_rng(SEED).random((ROWS, 2)), np.array(TRUE)
    return {"rows": ROWS, "loop": _seconds(lambda: _in_a_loop(x, a)), "matrix": _seconds(lambda: x @ a)}


def _in_a_loop(x: Array, a: Array) -> list[float]:
    y = []
    for x1, x2 in x:
        y.append(x1 * a[0] + x2 * a[1])
    return y


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def digits() -> Course:
    """The digits as they are."""
    data = load_digits()
    return {"pixels": data.inputs.astype(int).tolist(), "labels": data.labels.tolist(), "train": TRAIN}


def of_digits() -> Course:
    """Two digits that look alike, and all ten: with the rows as None, since the page has them."""
    data = load_digits()
    train, valid = split(Labeled(data.inputs / DARKEST, data.labels), TRAIN)
    names = [str(label) for label in range(10)]
    of_two = [_of_classes(part, PAIR) for part in (train, valid)]
    pair = fitted([names[label] for label in PAIR], *of_two)
    return {"pair": _without_rows(pair), "head": _without_rows(headed(names, train, valid, (train, valid)))}


def _without_rows(of: Mapping[str, Any]) -> Course:
    return {**of, "features": None, "labels": None, "valid": None}


def _of_classes(data: Labeled, labels: Sequence[int]) -> Labeled:
    """The rows of some classes, which are renumbered in this order."""
    kept = np.isin(data.labels, labels)
    inputs: Array = data.inputs[kept]
    return Labeled(inputs, np.array([labels.index(one) for one in data.labels[kept].tolist()], np.int64))
