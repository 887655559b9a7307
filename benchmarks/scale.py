"""Make the scale of suspects: `whatsit.review.scale`.

    python -m benchmarks.scale

Faults are planted in digits and drawn sets, never in the photos that the scale is measured on. For each
reason a logistic curve goes from what its finder measures to the share of pictures with such a fault. Prints
the constants, and by how much the scores of a set miss the share of faults if the other sets made the scale.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.clean import Trial, calibration_error
from benchmarks.faults import Row, digits, drawings, plant
from whatsit.events import emitting, nowhere
from whatsit.review import finding
from whatsit.review.scale import Scale

KINDS = {"duplicate": "duplicate", "quality": "quality", "outlier": "foreign", "label": "label"}
SEEDS, DIGITS, USUAL, BAD = 2, "01235678", 224, 48  # pixels of the network's input
GENTLE = 0.01  # the prior of a curve's slope and offset: few faults make no cliff
FARTHEST = 20.0  # a measure beyond it counts as this


class Sample(NamedTuple):
    """What was measured of the pictures of a set, by reason, and which of them have that fault."""

    name: str
    measured: dict[str, NDArray[np.float64]]
    trial: Trial


def rows(paths: Sequence[Path], labels: Sequence[str], most: int) -> list[Row]:
    """Up to so many pictures of each of these classes, four fifths of them to train on."""
    chosen = [[path for path in paths if path.parent.name == label][:most] for label in labels]
    return [
        Row(path, path.parent.name, "valid" if number % 5 == 0 else "train")
        for same in chosen
        for number, path in enumerate(same)
    ]


def samples(work: Path) -> Iterator[Sample]:
    """Easy and hard sets, each with pictures of other things: quite different ones, or another class."""
    numbers, drawn = digits(work / "digits"), drawings(work / "drawn", 150, 5)
    nines, rockets, fish = rows(numbers, "9", 60), rows(drawn, ["rocket"], 60), rows(drawn, ["fish"], 60)
    kinds = ["bird", "cat", "fish"]
    sets = {
        "many digits": (rows(numbers, DIGITS, 120), rockets, USUAL),
        "few digits": (rows(numbers, DIGITS, 40), fish, USUAL),
        "digits seen badly": (rows(numbers, DIGITS, 80), nines, BAD),
        "drawings": (rows(drawn, kinds, 150), nines, USUAL),
        "birds and cats": (rows(drawn, kinds[:2], 150), fish, USUAL),
        "drawings seen badly": (rows(drawn, kinds, 100), rockets, BAD),
    }
    for name, (own, foreign, side) in sets.items():
        for seed in range(SEEDS):
            planted = plant(own, [row.path for row in foreign], work / f"{name}-{seed}.csv", seed)
            trial = Trial(planted, work / "project", side)
            yield Sample(name, measured(trial.evidence), trial)


def measured(evidence: finding.Evidence) -> dict[str, NDArray[np.float64]]:
    """What each finder measures."""
    found = dict(zip(finding.REASONS, evidence.measured.T, strict=True))
    return {reason: np.clip(values, -FARTHEST, FARTHEST) for reason, values in found.items()}


def curve(found: Sequence[Sample], reason: str) -> Scale:
    """The likeliest curve (Newton's method), over pictures that have no other fault.

    Digits of 8 x 8 pixels are blurred and near-duplicates of each other by themselves: of that they show
    nothing.
    """
    values, faults = [], []
    for one in found:
        if reason in ("duplicate", "quality") and "digits" in one.name:
            continue
        kinds = one.trial.kinds
        is_asked = np.isfinite(one.measured[reason]) & np.isin(kinds, ("", KINDS[reason]))
        is_fault = one.trial.is_fault if reason == "duplicate" else kinds == KINDS[reason]
        values.append(one.measured[reason][is_asked])
        faults.append(is_fault[is_asked])
    table = np.stack([np.concatenate(values), np.ones(sum(map(len, values)))], axis=1)
    is_fault, weights = np.concatenate(faults).astype(float), np.zeros(2)
    for _ in range(100):
        chances = 1 / (1 + np.exp(-table @ weights))
        slopes = table.T @ (is_fault - chances) - GENTLE * weights
        bends = (table * (chances * (1 - chances))[:, None]).T @ table + GENTLE * np.eye(2)
        step = np.linalg.solve(bends, slopes)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
    return Scale(round(float(weights[0]), 2), round(float(weights[1]), 2))


def error(one: Sample, scales: dict[str, Scale]) -> float:
    """By how much the scores of a set miss the share of faults."""
    chances = [scales[reason](one.measured[reason]) for reason in finding.REASONS]
    return calibration_error(np.max(chances, axis=0), one.trial.is_fault)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = list(samples(Path(folder)))
        errors = []
        for name in {one.name: None for one in found}:
            others = [one for one in found if one.name != name]
            scales = {reason: curve(others, reason) for reason in finding.REASONS}
            own = statistics.mean(error(one, scales) for one in found if one.name == name)
            print(f"{name:<20}{own:.3f}", flush=True)
            errors.append(own)
        for reason in finding.REASONS:
            print(f"{reason.upper()} = {curve(found, reason)}")
        print(f"CALIBRATION_ERROR = {statistics.mean(errors):.3f}")


if __name__ == "__main__":
    with emitting(nowhere):
        main()
