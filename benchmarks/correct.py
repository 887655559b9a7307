"""What correcting labels by the tool's own suggestions, without a human, regains of what the errors cost.

    python -m benchmarks.correct [--seeds 10]

A fifth of the labels of the shared photos are wrong, in train and validation, and in one direction: the
errors of a class all take the name of one other class. Of several directions the one is taken that costs
most, by its mean log-loss on the test photos with three seeds, which are not among those that are measured.
The test photos keep their labels. Three models are trained as `whatsit train` does, on the clean labels, the
wrong ones and the corrected ones; for these every suggestion of `whatsit suspects` is followed.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import CLOTHING
from whatsit import Catalog, Learner
from whatsit.config import Split
from whatsit.events import emitting, nowhere
from whatsit.review import suspects
from whatsit.training import automatic
from whatsit.understand.clusters import students_t

SHARE, BAR = 0.2, 0.5
PILOTS = (100, 101, 102)  # seeds
SPLITS: dict[str, Split] = {"train": "train", "validation": "valid", "test": "test"}
Labels = dict[Path, str]
Directions = Mapping[str, str]


class Measured(NamedTuple):
    """The loss (n,) of each test photo, and whether it is recognized (n,)."""

    losses: NDArray[np.float64]
    right: NDArray[np.bool_]


class Corrected(NamedTuple):
    """How many of the wrong labels were corrected, and what became of right ones."""

    repaired: int
    removed: int
    spoiled: int


class Photos:
    """The photos, and models trained on them; `work` keeps their features."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.split = {path: SPLITS[path.parents[1].name] for path in sorted(CLOTHING.glob("*/*/*.jpg"))}
        self.labels = {path: path.parent.name for path in self.split}

    def catalog(self, labels: Labels) -> Catalog:
        paths = list(labels)
        splits = [self.split[path] for path in paths]
        project = self.work / "project"
        return Catalog.from_lists(paths, list(labels.values()), splits, root=CLOTHING, project=project)

    def trained(self, labels: Labels, seed: int) -> Learner:
        learner = Learner(self.catalog(labels), seed=seed, new_run=self._run)
        return automatic.fit(learner)

    def _run(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.work))

    def measured(self, labels: Labels, seed: int) -> Measured:
        probabilities, truth = self.trained(labels, seed).get_preds("test")
        own = probabilities[np.arange(len(truth)), truth]
        return Measured(-np.log(np.maximum(own, 1e-12)), probabilities.argmax(1) == truth)

    def wrong(self, directions: Directions, seed: int) -> Labels:
        """The labels with errors: a fifth of each class that has a direction."""
        dice, found = random.Random(seed), dict(self.labels)
        for label, other in directions.items():
            there = [path for path, own in self.labels.items() if own == label and self.split[path] != "test"]
            for path in dice.sample(there, round(SHARE * len(there))):
                found[path] = other
        return found

    def corrected(self, labels: Labels, seed: int) -> tuple[Labels, Corrected]:
        """The labels after every suggestion was followed."""
        found, repaired, removed, spoiled = dict(labels), 0, 0, 0
        for one in suspects(self.catalog(labels)):
            word, _, label = one.suggestion.partition(": ")
            is_wrong = labels[one.path] != self.labels[one.path]
            if word == "remove":
                del found[one.path]
                removed += 1
            elif word == "relabel":
                found[one.path] = label
                repaired += is_wrong and label == self.labels[one.path]
                spoiled += not is_wrong
        return found, Corrected(repaired, removed, spoiled)


def directions(photos: Photos) -> dict[str, Directions]:
    """By a name, the class that each class is taken for: the nearest, the farthest, the next, one for all."""
    learner = photos.trained(photos.labels, 0)
    held_out = learner.held_out
    label_of = {bytes.fromhex(item.content): item.label for item in learner.catalog["train"]}
    labels = np.array([label_of[bytes(content)] for content in held_out.contents])
    classes, probabilities = learner.classes, held_out.probabilities.astype(np.float64)
    mean = np.array([probabilities[labels == label].mean(0) for label in classes])
    np.fill_diagonal(mean, np.nan)

    def each(choose: Callable[[NDArray[np.float64]], np.intp]) -> Directions:
        return {label: classes[choose(row)] for label, row in zip(classes, mean, strict=True)}

    most = max(classes, key=list(photos.labels.values()).count)
    return {
        "the class it is most like": each(np.nanargmax),
        "the class it is least like": each(np.nanargmin),
        "the next class": dict(zip(classes, [*classes[1:], classes[0]], strict=True)),
        f"one class for all, {most}": {label: most for label in classes if label != most},
    }


def worst(photos: Photos) -> Directions:
    """The directions that cost most."""
    print(f"{'errors look like':<36}{'log-loss':>10}{'accuracy':>10}")
    clean = [photos.measured(photos.labels, seed) for seed in PILOTS]
    print(_row("clean", clean))
    costs: dict[str, float] = {}
    found = directions(photos)
    for name, ways in found.items():
        measured = [photos.measured(photos.wrong(ways, seed), seed) for seed in PILOTS]
        costs[name] = statistics.mean(float(one.losses.mean()) for one in measured)
        print(_row(name, measured), flush=True)
    chosen = max(costs, key=costs.__getitem__)
    print(f"most expensive: {chosen}\n")
    return found[chosen]


def _row(name: str, measured: Sequence[Measured]) -> str:
    loss, right = (
        statistics.mean(float(column.mean()) for column in row) for row in zip(*measured, strict=True)
    )
    return f"{name:<36}{loss:>10.4f}{right:>10.1%}"


def spread(values: Sequence[float]) -> str:
    """Mean and 95 % interval of what several seeds gave."""
    mean = statistics.mean(values)
    half = students_t(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:+.4f} ({mean - half:+.4f} to {mean + half:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = Photos(Path(folder))
        ways = worst(photos)
        rows: list[tuple[Measured, Measured, Measured]] = []
        print(f"{'seed':>4}  {'clean':>16}{'wrong':>16}{'corrected':>16}  wrong, repaired, removed, spoiled")
        for seed in range(options.seeds):
            wrong = photos.wrong(ways, seed)
            better, done = photos.corrected(wrong, seed)
            row = tuple(photos.measured(labels, seed) for labels in (photos.labels, wrong, better))
            rows.append(row)  # type: ignore[arg-type]
            count = sum(wrong[path] != label for path, label in photos.labels.items())
            shown = "".join(f"{one.losses.mean():>9.4f}{one.right.mean():>7.1%}" for one in row)
            print(f"{seed:>4}  {shown}  {count}, {done.repaired}, {done.removed}, {done.spoiled}", flush=True)
    clean, faulty, fixed = (list(column) for column in zip(*rows, strict=True))
    losses = [[float(one.losses.mean()) for one in column] for column in (clean, faulty, fixed)]
    cost = [there - here for here, there in zip(losses[0], losses[1], strict=True)]
    gain = [here - there for here, there in zip(losses[1], losses[2], strict=True)]
    right = [[float(one.right.mean()) for one in column] for column in (faulty, fixed)]
    points = [100 * (there - here) for here, there in zip(*right, strict=True)]
    regained = statistics.mean(gain) / statistics.mean(cost)
    print(f"what the errors cost in log-loss      {spread(cost)}")
    print(f"what correcting regains in log-loss   {spread(gain)}")
    print(f"what it gains in points of accuracy   {spread(points)}")
    print(f"regained: {regained:.0%} (bar: {BAR:.0%}) {'ok' if regained >= BAR else 'NOT ok'}")
    sys.exit(regained < BAR)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
