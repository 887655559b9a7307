"""What correcting labels by the tool's own suggestions, without a human, regains of what the errors cost.

    python -m benchmarks.correct [--seeds 10]

A fifth of the labels of the shared photos are wrong, in train and validation, and in one direction: the
errors of a class all take the name of one other class. Of several such directions, each with three seeds,
the one that costs most is measured with all seeds. The test photos keep their labels. Three models are
trained as `whatsit train` does, on the clean labels, the wrong ones and the corrected ones; for these every
suggestion of `whatsit suspects` is followed.
"""

import argparse
import math
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import CLOTHING
from whatsit import Catalog, Learner
from whatsit.config import LearnerConfig, Split
from whatsit.events import emitting, nowhere
from whatsit.review import parse_choice, pretrained, suspects
from whatsit.training import automatic
from whatsit.understand.clusters import students_t

SHARE, BAR = 0.2, 0.5
FEW = 3  # seeds that choose a direction
SPLITS: dict[str, Split] = {"train": "train", "validation": "valid", "test": "test"}
Labels = dict[Path, str]
Directions = Mapping[str, str]


class Measured(NamedTuple):
    """The mean log-loss of the test photos, and the share of them that is recognized."""

    loss: float
    right: float


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
        loss = float(-np.log(np.maximum(own, 1e-12)).mean())
        return Measured(loss, float((probabilities.argmax(1) == truth).mean()))

    def wrong(self, directions: Directions, seed: int) -> Labels:
        """The labels with errors: a fifth of each class that has a direction."""
        dice, found = random.Random(seed), dict(self.labels)
        for label, other in directions.items():
            there = [path for path, own in self.labels.items() if own == label and self.split[path] != "test"]
            for path in dice.sample(there, round(SHARE * len(there))):
                found[path] = other
        return found

    def corrected(self, labels: Labels) -> tuple[Labels, Corrected]:
        """The labels after every suggestion was followed."""
        found, repaired, removed, spoiled = dict(labels), 0, 0, 0
        catalog = self.catalog(labels)
        for one in suspects(catalog, pretrained(catalog, LearnerConfig())):
            choice, label = parse_choice(one.suggestion)
            is_wrong = labels[one.path] != self.labels[one.path]
            if choice == "remove":
                del found[one.path]
                removed += 1
            elif label:
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


def spread(values: NDArray[np.float64]) -> str:
    """Mean and 95 % interval of what several seeds gave."""
    mean = values.mean()
    half = students_t(len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return f"{mean:+.4f} ({mean - half:+.4f} to {mean + half:+.4f})"


class Outcome(NamedTuple):
    """Of each seed: the log-losses and accuracies with clean, wrong and corrected labels (seeds, 3)."""

    losses: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def cost(self) -> NDArray[np.float64]:
        """What the errors cost in log-loss (seeds,)."""
        return self.losses[:, 1] - self.losses[:, 0]

    @property
    def gain(self) -> NDArray[np.float64]:
        """What correcting regains of it (seeds,)."""
        return self.losses[:, 1] - self.losses[:, 2]

    @property
    def regained(self) -> float:
        """The share of the cost."""
        return float(self.gain.mean() / self.cost.mean())


def outcome(photos: Photos, name: str, ways: Directions, clean: Sequence[Measured]) -> Outcome:
    """Measure with the seeds of `clean`, whose labels are right."""
    print(f"\nwrong labels name {name}")
    print(f"{'seed':>4}{'clean':>16}{'wrong':>16}{'corrected':>16}   wrong, repaired, removed, spoiled")
    rows = []
    for seed, first in enumerate(clean):
        wrong = photos.wrong(ways, seed)
        better, done = photos.corrected(wrong)
        rows.append((first, photos.measured(wrong, seed), photos.measured(better, seed)))
        count = sum(wrong[path] != label for path, label in photos.labels.items())
        shown = "".join(f"{loss:>9.4f}{right:>7.1%}" for loss, right in rows[-1])
        print(f"{seed:>4}{shown}   {count}, {done.repaired}, {done.removed}, {done.spoiled}", flush=True)
    found = Outcome(*np.moveaxis(np.array(rows), 2, 0))
    print(f"the errors cost in log-loss      {spread(found.cost)}")
    print(f"correcting regains in log-loss   {spread(found.gain)}, {found.regained:.0%}")
    print(f"and in accuracy                  {spread(found.right[:, 2] - found.right[:, 1])}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = Photos(Path(folder))
        clean = [photos.measured(photos.labels, seed) for seed in range(options.seeds)]
        ways = directions(photos)
        tried = {name: outcome(photos, name, ways[name], clean[:FEW]) for name in ways}
        most = max(tried, key=lambda name: tried[name].cost.mean())
        regained = outcome(photos, most, ways[most], clean).regained
    verdict = "ok" if regained >= BAR else "NOT ok"
    print(f"\nregained: {regained:.0%} (bar: {BAR:.0%}) {verdict}")
    sys.exit(regained < BAR)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
