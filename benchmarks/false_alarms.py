"""Whether the stated 5 % hold: how many pictures of known classes are called "nothing like this" by mistake.

    python -m benchmarks.false_alarms [--seeds 10] [--real]

On pictures that neither trained nor calibrated anything, mean of all seeds. The cases are those in which it
is easily wrong: few pictures, pictures that hardly differ, and a backbone that was trained and so knows its
training pictures. For that one "held out" is what held-out training pictures would have given. Features are
drawn at random; with --real also those of `resnet10t`, trained from random weights on scikit-learn's digits,
for some minutes a seed.
"""

import argparse
import csv
import random
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whatsit import Catalog, Learner
from whatsit.demo import write_digits
from whatsit.events import emitting, nowhere
from whatsit.labeled import Labeled
from whatsit.training import crossfit
from whatsit.training.batches import Places
from whatsit.training.crossfit import HeldOut, Unseen, hold_out, novelty_of
from whatsit.training.fit_heads import HeadFit, fit_heads
from whatsit.training.heads import Heads
from whatsit.understand.novelty import fit_novelty

BAR = 0.07
WIDTH, CLASSES = 128, 3
FEW, HARDLY, KNOWN = (20, 40, 80), (0.0, 1e-4, 3e-4, 1e-3, 1e-2), (0.1, 0.3)
EPOCHS, TRAINED_ON, CALIBRATED_ON = (15, 25), 200, 80


class Case(NamedTuple):
    """Shares of known pictures that are called new, one a seed, and what is to be compared with them."""

    name: str
    alarms: list[float]
    held_out: list[float]


def clouds(images: int, seed: int, world: int, noise: float = 0.35) -> Labeled:
    """Features around a center for each class, none negative, as a backbone gives them."""
    centers = np.random.default_rng(world).gamma(0.5, 1, (CLASSES, WIDTH))
    labels, shape = np.arange(images) % CLASSES, 1 / noise**2
    factors = np.random.default_rng(seed).gamma(shape, 1 / shape, (images, WIDTH))
    return Labeled(np.float32(centers[labels] * factors), labels)


def hardly_differing(data: Labeled, by: float) -> Labeled:
    """The same, but all nearly one and the same picture."""
    same = np.random.default_rng(5).gamma(0.5, 1, WIDTH).astype(np.float32) + 0.1
    return Labeled(same * (1 + by * (data.inputs - data.inputs.mean())), data.labels)


def heads_of(data: Labeled, places: list[Places]) -> Heads:
    """Heads that answer, however badly: only novelty is looked at."""
    return Heads(data.inputs.shape[1], CLASSES, [0] * len(places))


def alone(count: int) -> NDArray[np.int64]:
    return np.arange(count)


def hashes(count: int) -> NDArray[np.void]:
    return np.zeros(count, "V32")


def alarms(train: Labeled, found: HeldOut, other: Labeled) -> float:
    """The share of other pictures that are called new; 0 where none ever is."""
    fitted = fit_novelty(train.inputs, train.labels, CLASSES)
    known = novelty_of(train, fitted, found)
    return 0.0 if known is None else float((known.score(other.inputs) > known.threshold).mean())


def frozen(train: Labeled, other: Labeled) -> float:
    """As of a backbone that was not trained."""
    images = len(train.labels)
    return alarms(train, hold_out(train, alone(images), hashes(images), CLASSES, heads_of), other)


def few(images: int, seed: int) -> float:
    return frozen(clouds(images, seed, seed), clouds(1000, 1000 + seed, seed))


def hardly(by: float, seed: int) -> float:
    train, other = clouds(99, seed, seed), clouds(1000, 1000 + seed, seed)
    return frozen(hardly_differing(train, by), hardly_differing(other, by))


def knows(noise: float, images: int, seed: int) -> tuple[float, float]:
    """A backbone that put its training pictures in narrow clouds, and calibrated on so many others."""
    train, valid, other = (
        clouds(200, seed, seed, noise),
        clouds(images, 1000 + seed, seed),
        clouds(1000, 2000 + seed, seed),
    )
    features = valid.inputs
    score = fit_novelty(train.inputs, train.labels, CLASSES).score(features)
    logits = np.zeros((images, CLASSES), np.float32)
    found = Unseen(logits, score, valid.labels, alone(images), hashes(images)).held_out("valid")
    return alarms(train, found, other), frozen(train, other)


def drawn(seeds: int) -> Iterator[Case]:
    """The cases with features that are drawn at random."""
    for images in FEW:
        yield Case(f"{images} training pictures", [few(images, seed) for seed in range(seeds)], [])
    for by in HARDLY:
        yield Case(f"features differ by {by:g}", [hardly(by, seed) for seed in range(seeds)], [])
    for noise in KNOWN:
        for images in (20, 100):
            found, held_out = zip(*(knows(noise, images, seed) for seed in range(seeds)), strict=True)
            name = f"knows its pictures, noise {noise:g}, {images} valid"
            yield Case(name, list(found), list(held_out))


def trained(work: Path, epochs: int, seed: int) -> tuple[float, float]:
    """A backbone trained from random weights on digits."""
    paths = sorted((work / "digits").glob("*/*.png"))
    random.Random(seed).shuffle(paths)
    splits = ["train"] * TRAINED_ON + ["valid"] * CALIBRATED_ON + ["test"] * 1000
    rows = [(path, path.parent.name, split) for path, split in zip(paths, splits, strict=False)]
    table = work / f"{seed}.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "split"), *rows])
    catalog = Catalog.from_csv(table, project=work / "project")
    learner = Learner(catalog, "resnet10t", 32, pretrained=False, seed=seed, augment=None)
    learner.fit_one_cycle(epochs, 3e-3)
    train, test, classes = (
        learner._state.data.of("train"),
        learner._state.data.of("test"),
        len(learner.classes),
    )
    is_novel = learner._calibration.is_novel("test")
    found = 0 if is_novel is None else int(is_novel.sum())

    def train_heads(data: Labeled, places: list[Places]) -> Heads:
        some = Heads(data.inputs.shape[1], classes, [0] * len(places))
        fit_heads(some, data, places, HeadFit(10, 16))
        return some

    rows_of = learner.catalog["train"].rows
    asked = hold_out(train, crossfit.relatives(rows_of), rows_of["content"], classes, train_heads)
    fitted = fit_novelty(train.inputs, train.labels, classes)
    known = novelty_of(train, fitted, asked)
    assert known is not None
    return found / len(test.labels), float((known.score(test.inputs) > known.threshold).mean())


def real(seeds: int) -> Iterator[Case]:
    """The cases with a real backbone."""
    with tempfile.TemporaryDirectory() as folder:
        write_digits(Path(folder) / "digits")
        for epochs in EPOCHS:
            pairs = [trained(Path(folder), epochs, seed) for seed in range(seeds)]
            found, held_out = zip(*pairs, strict=True)
            yield Case(f"resnet10t after {epochs} epochs", list(found), list(held_out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args()
    print(f"{'case':<44}{'false alarms':>14}{'worst':>8}{'held out':>10}")
    for case in [drawn, real][options.real](options.seeds):
        mean, worst = statistics.mean(case.alarms), max(case.alarms)
        held_out = f"{statistics.mean(case.held_out):.1%}" if case.held_out else ""
        verdict = "ok" if mean <= BAR else "NOT ok"
        print(f"{case.name:<44}{mean:>14.1%}{worst:>8.1%}{held_out:>10} {verdict}", flush=True)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
