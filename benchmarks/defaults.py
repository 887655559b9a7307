"""Whether somebody who decides nothing loses anything: the defaults against a search, on 20 small tasks.

    python -m benchmarks.defaults [--tasks 20]

Pairs, triples and all of the classes of the shared photos and of scikit-learn's digits, 30 to 300 pictures
each, a fifth of them for validation. What is measured on are up to 1,000 other pictures of these classes. The
search tries 3 rates with 4 numbers of epochs; its best is chosen on the very pictures that are measured on,
which flatters it, or, as a user would, on the validation pictures.
"""

import argparse
import csv
import math
import random
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import CLOTHING
from whatsit import Catalog, Learner
from whatsit.demo import write_digits
from whatsit.events import emitting, nowhere
from whatsit.training import automatic, variants

RATES, EPOCHS = (1e-3, 3e-3, 1e-2), (4, 10, 30, 60)
BAR = 1.5  # points
FEWEST, MOST, OTHERS = 30, 300, 1000


class Task(NamedTuple):
    name: str
    pictures: int
    table: Path


class Outcome(NamedTuple):
    """Shares of the other pictures that are recognized."""

    default: float
    best: float
    chosen: float


def tasks(work: Path, count: int) -> Iterator[Task]:
    """Tables of pictures, the same ones every time."""
    write_digits(work / "digits")
    kinds = {"digits": sorted((work / "digits").glob("*/*.png"))}
    if CLOTHING.is_dir():
        kinds["clothing"] = sorted(CLOTHING.glob("*/*/*.jpg"))
    for number in range(count):
        dice = random.Random(number)
        kind = sorted(kinds)[number % len(kinds)]
        paths = kinds[kind]
        labels = sorted({path.parent.name for path in paths})
        size = (2, 3, 2, 3, len(labels))[number // len(kinds) % 5]
        chosen = sorted(dice.sample(labels, size))
        pictures = max(round(FEWEST * math.exp(dice.uniform(0, math.log(MOST / FEWEST)))), 3 * size)
        by_label = {label: [path for path in paths if path.parent.name == label] for label in chosen}
        rows: list[tuple[Path, str, str]] = []
        for label, there in by_label.items():
            dice.shuffle(there)
            own = min(len(there) // 2, max(3, round(pictures / size)))
            valid = max(1, round(own / 5))
            splits = ["valid"] * valid + ["train"] * (own - valid) + ["test"] * (len(there) - own)
            rows += [
                (path, label, split)
                for path, split in zip(there[: own + OTHERS // size], splits, strict=False)
            ]
        table = work / f"{number:02}.csv"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([("path", "label", "split"), *rows])
        yield Task(f"{kind}: {', '.join(chosen) if size < 4 else f'all {size}'}", pictures, table)


def outcome(task: Task, project: Path) -> Outcome:
    catalog = Catalog.from_csv(task.table, project=project)
    learner = Learner(catalog, size=224)

    def test(fitted: Learner) -> float:
        return fitted.evaluate("test").accuracy

    default = test(automatic.fit(variants.fresh(learner, 0)))
    tried: list[tuple[float, float]] = []
    for rate in RATES:
        for epochs in EPOCHS:
            other = variants.fresh(learner, 0)
            other.fit_one_cycle(epochs, rate)
            tried.append((other.evaluate().accuracy, test(other)))
    return Outcome(default, max(right for _, right in tried), max(tried, key=lambda pair: pair[0])[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20)
    options = parser.parse_args()
    found: list[Outcome] = []
    print(f"{'task':<42}{'pictures':>9}{'defaults':>10}{'best':>8}{'chosen':>8}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for task in tasks(work, options.tasks):
            found.append(one := outcome(task, work / "project"))
            print(
                f"{task.name:<42}{task.pictures:>9}{one.default:>10.1%}{one.best:>8.1%}{one.chosen:>8.1%}",
                flush=True,
            )
    default, best, chosen = (statistics.mean(column) for column in zip(*found, strict=True))
    print(f"{'mean':<51}{default:>10.1%}{best:>8.1%}{chosen:>8.1%}")
    lost = 100 * (best - default)
    print(
        f"the defaults are {lost:.1f} points below the best (bar: {BAR}) {'ok' if lost <= BAR else 'NOT ok'}"
    )


if __name__ == "__main__":
    with emitting(nowhere):
        main()
