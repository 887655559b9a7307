"""How many faults are among the first suspects: planted in the shared photos, with 10 seeds.

    python -m benchmarks.clean [--seeds 10] [--figure docs/pictures/effort.png] [--work FOLDER]

In the 1,341 training and validation photos 8% of the labels are made wrong, 3% of the photos get a
near-duplicate (cropped, resized and compressed anew; half of them under another class), and 20 foreign
pictures and 20 blank or blurred ones join them. Of each kind as many suspects are looked at as faults were
planted.

Wrong labels are compared with an oracle (the same features, folds and ranking, with answers by the correct
labels), with the self-confidence of heads that are trained by steps in five folds, and their oracle, and with
the lesson's way: the largest losses of a head on its own training pictures. The figure shows the share of all
faults that somebody finds who looks at so many pictures.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults import Planted, Row, digits, drawings, plant
from benchmarks.peers import CLOTHING, WHATSIT, seconds
from whatsit import Catalog
from whatsit.config import InputSide, LearnerConfig
from whatsit.events import emitting, nowhere
from whatsit.labeled import Labeled
from whatsit.probabilities import softmax
from whatsit.review import finding
from whatsit.review.pool import Pool
from whatsit.training import crossfit
from whatsit.training.curve import epochs_of
from whatsit.training.fit_heads import HeadFit, fit_heads
from whatsit.training.folds import stratified_folds
from whatsit.training.heads import Heads
from whatsit.training.opening import pretrained
from whatsit.understand.left_out import leave_out

ORACLE, KINDS, FIRST, REAL, COPIES, SECONDS = 0.97, 0.9, 0.8, 0.9, 0.95, 8.0
LOOKED_AT = 50
BINS, FOLDS, BATCH = 10, 5, 32
Figures = dict[str, float]


def photos() -> list[Row]:
    """The photos that faults are planted in."""
    splits = {"train": "train", "validation": "valid"}
    return [
        Row(path, path.parent.name, split)
        for folder, split in splits.items()
        for path in sorted((CLOTHING / folder).glob("*/*.jpg"))
    ]


class Trial:
    """One seed: the planted faults and what was found of them."""

    def __init__(self, planted: Planted, project: Path, side: InputSide = "auto") -> None:
        self.planted = planted
        self.catalog = Catalog.from_csv(planted.table, project=project)
        self.paths = [item.path for item in self.catalog]
        self.kinds = np.array([planted.kinds.get(path, "") for path in self.paths])
        extract = pretrained(self.catalog, LearnerConfig(size=side))
        self.features = extract(self.catalog).vectors
        self.evidence = finding.look_at(Pool.of(self.catalog, self.features))
        labels = [planted.truth.get(item.path, item.label) for item in self.catalog]
        self.truth = np.array([self.catalog.classes.index(label) for label in labels])
        self.relatives = crossfit.relatives(
            self.catalog.rows, self.evidence.copies.group, self.catalog.groups
        )

    def of_kind(self, *reasons: str, evidence: finding.Evidence | None = None) -> NDArray[np.int64]:
        """The places of all suspects for these reasons, best first."""
        evidence = evidence or self.evidence
        order = evidence.ranked(np.ones(len(self.catalog), bool))
        return np.array([place for place in order.tolist() if evidence.suspect(place).reason in reasons])

    def share(self, places: NDArray[np.int64], kind: str) -> float:
        """Of the faults of a kind, how many are among as many first places."""
        count = int((self.kinds == kind).sum())
        return float((self.kinds[places[:count]] == kind).sum() / count)

    def oracle(self) -> finding.Evidence:
        """The same evidence with the answers that the correct labels give."""
        classes = len(self.catalog.classes)
        answers = leave_out(self.features, self.truth, self.relatives, classes)
        return replace(self.evidence, answers=answers)

    def heads(self, taught: NDArray[np.int64]) -> NDArray[np.int64]:
        """The order by the probability of each one's label, from heads that were trained by steps.

        In five folds on the labels `taught`; that is how a training calibrates itself.
        """
        labels, classes = self.evidence.labels, len(self.catalog.classes)
        fold = stratified_folds(labels, self.relatives, FOLDS)
        places = [np.flatnonzero(fold != one) for one in range(FOLDS)]
        heads = Heads(self.features.shape[1], classes, [0] * FOLDS)
        how = HeadFit(epochs_of(min(map(len, places)), BATCH), BATCH)
        fit_heads(heads, Labeled(self.features, taught), places, how)
        logits = np.empty((len(labels), classes))
        for one in range(FOLDS):
            logits[fold == one] = heads.logits(self.features[fold == one], one)
        return np.argsort(softmax(logits)[np.arange(len(labels)), labels], kind="stable")

    def top_losses(self) -> NDArray[np.int64]:
        """The order by the losses of a head on the pictures that it was trained on."""
        labels, count = self.evidence.labels, len(self.catalog)
        head = Heads(self.features.shape[1], len(self.catalog.classes), [0])
        fit_heads(
            head, Labeled(self.features, labels), [np.arange(count)], HeadFit(epochs_of(count, BATCH), BATCH)
        )
        logits = head.logits(self.features).astype(np.float64)
        losses = np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1)) + logits.max(1)
        return np.argsort(logits[np.arange(count), labels] - losses, kind="stable")

    def figures(self) -> Figures:
        """All shares of this seed."""
        of_labels, labels = self.of_kind("label", "loss"), self.evidence.labels
        is_candidate = np.isin(np.arange(len(self.catalog)), of_labels)
        found = {
            "wrong labels": self.share(of_labels, "label"),
            "  oracle": self.share(self.of_kind("label", "loss", evidence=self.oracle()), "label"),
            "  heads": self.share((order := self.heads(labels))[is_candidate[order]], "label"),
            "  heads, oracle": self.share((order := self.heads(self.truth))[is_candidate[order]], "label"),
            "  top losses": self.share((order := self.top_losses())[is_candidate[order]], "label"),
            "foreign": self.share(self.of_kind("outlier"), "foreign"),
            "blank or blurred": self.share(self.of_kind("quality"), "quality"),
            "foreign, blank, blurred": self._strange(),
            "first 50 of the list": float(self.is_fault[self.ranked[:LOOKED_AT]].mean()),
            "calibration error": calibration_error(self.evidence.chances.max(1), self.is_fault),
        }
        return found | self.copies()

    def _strange(self) -> float:
        """Foreign, blank and blurred ones among as many first outliers and faults of pictures."""
        is_strange = np.isin(self.kinds, ("foreign", "quality"))
        first = self.of_kind("outlier", "quality")[: is_strange.sum()]
        return float(is_strange[first].sum() / is_strange.sum())

    def copies(self) -> Figures:
        """Recall of the planted near-duplicates, and the share of pairs in groups that are planted."""
        place = {path: number for number, path in enumerate(self.paths)}
        group = self.evidence.copies.group
        pairs = [(place[copy], place[source]) for copy, source in self.planted.sources.items()]
        hits = sum(group[copy] == group[source] >= 0 for copy, source in pairs)
        extra = sum(len(members) - 1 for members in self.evidence.copies.groups()) - hits
        return {"near-duplicates": hits / len(pairs), "  unplanted pairs": float(extra)}

    @property
    def is_fault(self) -> NDArray[np.bool_]:
        """Which pictures (n,) have a fault; of copies those not worth keeping."""
        is_fault: NDArray[np.bool_] = (self.kinds != "") & (self.kinds != "duplicate")
        place = {path: number for number, path in enumerate(self.paths)}
        for copy, source in self.planted.sources.items():
            is_kept = self.evidence.originals[place[source]] == place[copy]
            is_fault[place[source] if is_kept else place[copy]] = True
        return is_fault

    @property
    def ranked(self) -> NDArray[np.int64]:
        """All places, the most suspicious first."""
        return np.argsort(-self.evidence.chances.max(1), kind="stable")

    def effort(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """The share of faults that the first 1, 2, ... pictures of an order hold."""
        is_fault = self.is_fault[order]
        return np.cumsum(is_fault) / is_fault.sum()


def calibration_error(scores: NDArray[np.float64], is_fault: NDArray[np.bool_]) -> float:
    """By how much scores (n,) miss the share of faults, on average over all pictures."""
    found = np.minimum((scores * BINS).astype(int), BINS - 1)
    apart = (abs(scores[found == one].sum() - is_fault[found == one].sum()) for one in range(BINS))
    return float(sum(apart) / len(scores))


def trials(work: Path, seeds: int) -> Iterator[Trial]:
    """One for each seed."""
    foreign = drawings(work / "drawings", 30, 1)
    foreign += random.Random(1).sample(digits(work / "digits"), len(foreign))
    for seed in range(seeds):
        yield Trial(plant(photos(), foreign, work / f"{seed}.csv", seed), work / "project")


def draw(curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], place: Path) -> None:
    """Faults found over pictures looked at, the mean of all seeds."""
    from whatsit.figures import Plot, styled
    from whatsit.palette import color

    with styled():
        figure = Plot(figsize=(8, 4), layout="constrained")
        axis = figure.subplots()
        ours, losses = (np.mean([pair[number] for pair in curves], axis=0) for number in range(2))
        looked_at = np.arange(1, len(ours) + 1)
        axis.plot(looked_at, ours, color=color("accent"), label="whatsit suspects")
        axis.plot(looked_at, losses, color=color("soft"), label="largest losses")
        axis.plot(looked_at, looked_at / len(ours), color=color("line"), label="in any order")
        axis.set(xlim=(0, 600), ylim=(0, 1), xlabel="pictures looked at", title="Faults found")
        axis.yaxis.set_major_formatter("{x:.0%}")
        axis.legend(loc="lower right")
        figure.write(place)


def report(found: Sequence[Figures], took: float) -> None:
    """Print the mean of each figure, with its bar."""
    means = {name: statistics.mean(one[name] for one in found) for name in found[0]}
    print(f"\n{'':<28}{'mean':>8}{'least':>8}")
    for name, value in means.items():
        print(f"{name:<28}{value:>8.3f}{min(one[name] for one in found):>8.3f}")
    planted = round(0.03 * len(photos()))
    precision = means["near-duplicates"] * planted
    precision /= precision + means["  unplanted pairs"]
    bars = [
        ("wrong labels, of the oracle's", means["wrong labels"] / means["  oracle"], ORACLE),
        ("wrong labels, of the heads' oracle's", means["wrong labels"] / means["  heads, oracle"], ORACLE),
        ("wrong labels, of top losses'", means["wrong labels"] / means["  top losses"], 1.0),
        ("foreign, blank and blurred", means["foreign, blank, blurred"], KINDS),
        ("first 50 of the list", means["first 50 of the list"], FIRST),
        ("near-duplicates, recall", means["near-duplicates"], COPIES),
        ("near-duplicates, planted pairs", precision, REAL),
    ]
    print()
    for name, value, bar in bars:
        print(f"{name:<38}{value:>8.3f}  at least {bar:<6g}{'ok' if value >= bar else 'NOT ok'}")
    verdict = "ok" if took < SECONDS else "NOT ok"
    print(f"{'`whatsit suspects`, warm':<38}{took:>6.1f} s  under {SECONDS:g} s  {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--work", type=Path, help="where to keep the features for the next time")
    options = parser.parse_args()
    found, curves = [], []
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        for seed, trial in enumerate(trials(work, options.seeds)):
            found.append(trial.figures())
            curves.append((trial.effort(trial.ranked), trial.effort(trial.top_losses())))
            print(seed, {name: round(value, 3) for name, value in found[-1].items()}, flush=True)
        command = [*WHATSIT, "suspects", CLOTHING, "--json", "--project", work / "photos"]
        took = statistics.median([seconds(command) for _ in range(4)][1:])
    report(found, took)
    if options.figure:
        draw(curves, options.figure)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
