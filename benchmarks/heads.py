"""What heads come to, five seeds each: on the shared photos and on the 20 tasks of benchmarks/defaults.py.

    python -m benchmarks.heads [--tasks 20] [--seeds 5] [--json FILE] [--against FILE]

Accuracy and loss on pictures that no training saw, the loss on training pictures in the last epoch, and what
held-out training pictures gave. With `--against` a file that another version wrote, both are compared: mean
accuracy within 0.3 points, mean losses within 2 %.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.defaults import tasks
from benchmarks.peers import CLOTHING
from whatsit import Catalog, Learner
from whatsit.events import emitting, nowhere
from whatsit.training import automatic, variants

POINTS, LOSS = 0.3, 0.02
Figures = dict[str, float]


def measured(learner: Learner) -> Figures:
    """Figures of a trained learner."""
    probabilities, labels = learner.get_preds("test")
    own = probabilities[np.arange(len(labels)), labels].clip(1e-15)
    last, held_out = learner.history.epochs[-1], learner.held_out
    return {
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "loss": float(-np.log(own).mean()),
        "valid accuracy": 1 - last.error_rate,
        "valid loss": last.valid_loss,
        "train loss": last.train_loss,
        "held-out accuracy": held_out.accuracy,
        "temperature": held_out.temperature,
    }


def mean(found: list[Figures]) -> Figures:
    """The mean of each figure."""
    return {name: statistics.mean(one[name] for one in found) for name in found[0]}


def seeds_of(catalog: Catalog, seeds: int) -> list[Figures]:
    """Figures of heads that were trained with the seeds 0, 1, ..."""
    learner = Learner(catalog, size=224)
    return [measured(automatic.fit(variants.fresh(learner, seed))) for seed in range(seeds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if CLOTHING.is_dir():
            photos = Catalog.from_folder(CLOTHING, project=work / "photos")
            found["shared photos"] = mean(seeds_of(photos, options.seeds))
            print("shared photos", found["shared photos"], flush=True)
        each = []
        for task in tasks(work, options.tasks):
            each.append(mean(seeds_of(Catalog.from_csv(task.table, project=work / "project"), options.seeds)))
            print(task.name, each[-1], flush=True)
        found["tasks"] = mean(each)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    before = json.loads(options.against.read_text()) if options.against else {}
    for name, figures in found.items():
        print(f"\n{name:<20}{'before':>10}{'now':>10}")
        for figure, value in figures.items():
            past = before.get(name, {}).get(figure)
            print(f"{figure:<20}{'' if past is None else format(past, '.4f'):>10}{value:>10.4f}")
            if past is not None and figure == "accuracy":
                points = 100 * (value - past)
                print(f"{points:+.2f} points (bar: {POINTS}) {verdict(abs(points) <= POINTS)}")
            if past is not None and "loss" in figure:
                print(f"{value / past - 1:+.1%} (bar: {LOSS:.0%}) {verdict(abs(value / past - 1) <= LOSS)}")


def verdict(is_ok: bool) -> str:
    """In words."""
    return "ok" if is_ok else "NOT ok"


if __name__ == "__main__":
    with emitting(nowhere):
        main()
