"""Which of two models to keep, the frozen or the fine-tuned one: what five rules lose.

    python -m benchmarks.fine_tuning
    python -m benchmarks.fine_tuning --measure HITS.json [--tasks 20] [--size 224]   # takes an hour or more
    python -m benchmarks.fine_tuning --compare HITS.json

What a rule loses is how many more errors on new pictures it makes than whoever always keeps the better model,
in points. Simulated, a true difference is drawn for every pair of models, and what they answer on so many
validation pictures. `--measure` trains both on the tasks of benchmarks/defaults.py and writes down which
pictures each recognizes; `--compare` draws validation pictures from these again and again, as many as the
task has, and takes all of them for the truth.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import defaults
from whatsit import Catalog, Learner
from whatsit.events import emitting, nowhere
from whatsit.training import automatic, variants
from whatsit.understand.comparison import Difference

DRAWS = 20_000
PICTURES = (12, 30, 60, 200, 600)  # for validation
# Measured: 0.3 ± 1.3 points on the tasks, 2.3 on 1,000 photos, 0.7 on 3,000.
GAINS = tuple((mean, spread) for spread in (0.01, 0.02, 0.04) for mean in (-0.005, 0.003, 0.01))
FROZEN, DISAGREED = 0.11, 0.06  # error rate, and share of pictures of which only one model is right by luck

Counts = NDArray[np.int64]
Rule = Callable[[Counts, Counts, int], NDArray[np.bool_]]


def kept(gained: Counts, lost: Counts, pictures: int) -> NDArray[np.bool_]:
    """Whether `whatsit train` keeps the fine-tuned model, which alone is right on `gained` pictures."""
    pairs = zip(gained.tolist(), lost.tolist(), strict=True)
    return np.array(
        [automatic.is_kept(Difference((more - less) / pictures, 0.0, 0.0)) for more, less in pairs]
    )


RULES: dict[str, Rule] = {
    "always frozen": lambda gained, lost, pictures: np.zeros(len(gained), bool),
    "always fine-tuned": lambda gained, lost, pictures: np.ones(len(gained), bool),
    "a standard error": lambda gained, lost, pictures: gained - lost > np.sqrt(gained + lost),
    "fewer errors": lambda gained, lost, pictures: gained > lost,
    "no more errors": kept,
}
Losses = dict[str, float]


def simulated(mean: float, spread: float, pictures: int, seed: int = 0, draws: int = DRAWS) -> Losses:
    """What each rule loses where fine-tuning gains `mean`, give or take `spread` (shares)."""
    dice = np.random.default_rng(seed)
    gain = np.clip(dice.normal(mean, spread, draws), -0.3, FROZEN)
    alone = DISAGREED / 2 + np.abs(gain) / 2
    shares = np.stack([alone + gain / 2, alone - gain / 2, 1 - 2 * alone], axis=1)
    gained, lost, _ = dice.multinomial(pictures, shares).T
    return losses(gain, gained, lost, pictures)


def losses(gain: NDArray[np.float64], gained: Counts, lost: Counts, pictures: int) -> Losses:
    """What each rule loses on average, given true gains and what validation shows of them, in points."""
    best = np.maximum(gain, 0)
    return {
        name: 100 * float((best - np.where(rule(gained, lost, pictures), gain, 0)).mean())
        for name, rule in RULES.items()
    }


def redrawn(task: dict[str, Any], draws: int = 1000) -> Losses:
    """What each rule loses on a measured task with other validation pictures."""
    frozen, tuned = (np.array(task[f"{name}_valid"] + task[f"{name}_test"]) for name in ("frozen", "tuned"))
    pictures, dice = len(task["frozen_valid"]), np.random.default_rng(0)
    shares = [float((tuned > frozen).mean()), float((tuned < frozen).mean()), float((tuned == frozen).mean())]
    gained, lost, _ = dice.multinomial(pictures, shares, draws).T
    return losses(np.full(draws, shares[0] - shares[1]), gained, lost, pictures)


def measured(task: defaults.Task, project: Path, size: int) -> dict[str, Any]:
    """Which validation and other pictures of a task the frozen and the fine-tuned model recognize."""
    frozen = automatic.fit(Learner(Catalog.from_csv(task.table, project=project), size=size))
    tuned = variants.fresh(frozen, 0)
    tuned.fine_tune(2)
    found: dict[str, Any] = {"name": task.name, "pictures": task.pictures}
    for name, learner in (("frozen", frozen), ("tuned", tuned)):
        for split in ("valid", "test"):
            labels = learner._state.data.of(split).labels.numpy()
            hits = learner.get_preds(split)[0].argmax(1) == labels
            found[f"{name}_{split}"] = hits.astype(int).tolist()
    return found


def measure(file: Path, count: int, size: int) -> None:
    """Measure the tasks that the file lacks, and add each when it is done."""
    found = json.loads(file.read_text()) if file.exists() else []
    with tempfile.TemporaryDirectory() as folder:
        for task in list(defaults.tasks(Path(folder), count))[len(found) :]:
            started = time.perf_counter()
            found.append(measured(task, Path(folder) / "project", size))
            file.write_text(json.dumps(found))
            print(f"{task.name:<42}{time.perf_counter() - started:>6.0f} s", flush=True)


def compare(tasks: list[dict[str, Any]]) -> Losses:
    """What each rule loses on measured tasks, a line for each of these, and the mean."""
    print(f"{'task':<42}{'valid':>6}{'frozen':>8}{'tuned':>8}" + "".join(f"{name:>19}" for name in RULES))
    lost: list[Losses] = []
    for task in tasks:
        lost.append(one := redrawn(task))
        errors = [1 - np.mean(task[f"{name}_valid"] + task[f"{name}_test"]) for name in ("frozen", "tuned")]
        print(
            f"{task['name']:<42}{len(task['frozen_valid']):>6}{errors[0]:>8.1%}{errors[1]:>8.1%}" + _row(one)
        )
    return {name: float(np.mean([one[name] for one in lost])) for name in RULES}


def simulate(draws: int = DRAWS, tell: Callable[[str], None] = print) -> Losses:
    """What each rule loses in every simulated world, a line for each, and the mean."""
    tell(f"{'gain':<16}{'valid':>6}" + "".join(f"{name:>19}" for name in RULES))
    lost: list[Losses] = []
    for mean, spread in GAINS:
        for pictures in PICTURES:
            lost.append(one := simulated(mean, spread, pictures, draws=draws))
            tell(f"{100 * mean:+.1f} ± {100 * spread:.0f} points {pictures:>6}" + _row(one))
    return {name: float(np.mean([one[name] for one in lost])) for name in RULES}


def _row(losses: Losses) -> str:
    return "".join(f"{losses[name]:>19.2f}" for name in RULES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.tasks, options.size)
        return
    lost = compare(json.loads(options.compare.read_text())) if options.compare else simulate()
    print("mean: " + ", ".join(f"{name} {points:.2f}" for name, points in lost.items()) + " points")
    ours = lost["no more errors"]
    verdict = "ok" if ours <= min(lost["a standard error"], lost["fewer errors"]) else "NOT ok"
    print(f"no more errors loses less than a standard error and fewer errors: {verdict}")


if __name__ == "__main__":
    with emitting(nowhere):
        main()
