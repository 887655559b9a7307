"""How well larger inputs recognize new pictures, without any more training: the rule of `--size auto`.

    python -m benchmarks.sizes [--sizes 224 256 288 320 352] [--seeds 5] [--json FILE]

Tasks: the shared photos, draws of 100 and 300 of their training photos, the same photos shrunk to 128 pixels,
and scikit-learn's digits. A fifth of the pictures to train on is for validation; what is measured on are
others. Every seed draws other pictures and begins with another head.
"""

import argparse
import csv
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.peers import CLOTHING
from whatsit import Catalog, Learner
from whatsit.demo import write_digits
from whatsit.events import emitting, nowhere
from whatsit.training import automatic

SHRUNK = 128  # pixels, the shorter side
Draw = Callable[[int], tuple[list[Path], list[Path]]]  # for a seed: pictures to train on, and new ones


def drawn(known: Sequence[Path], new: Sequence[Path], count: int | None) -> Draw:
    """Draws of `count` of the known pictures, class by class, or all of them."""

    def draw(seed: int) -> tuple[list[Path], list[Path]]:
        by_label: dict[str, list[Path]] = {}
        for path in random.Random(seed).sample(known, len(known)):
            by_label.setdefault(path.parent.name, []).append(path)
        share = 1.0 if count is None else count / len(known)
        chosen = [path for paths in by_label.values() for path in paths[: max(3, round(share * len(paths)))]]
        return chosen, list(new)

    return draw


def tasks(work: Path) -> Iterator[tuple[str, Draw]]:
    """The name of each task, and its pictures for each seed."""
    known = sorted(CLOTHING.glob("train/*/*.jpg"))
    new = sorted([*CLOTHING.glob("validation/*/*.jpg"), *CLOTHING.glob("test/*/*.jpg")])
    yield "photos", drawn(known, new, None)
    yield "300 photos", drawn(known, new, 300)
    yield "100 photos", drawn(known, new, 100)
    small = {path: work / "small" / path.relative_to(CLOTHING) for path in [*known, *new]}
    for path, target in small.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            side = SHRUNK / min(image.size)
            size = round(image.width * side), round(image.height * side)
            image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(target, quality=92)
    yield "shrunk photos", drawn([small[path] for path in known], [small[path] for path in new], None)
    write_digits(work / "digits")
    digits = random.Random(0).sample(sorted((work / "digits").glob("*/*.png")), 1797)
    yield "digits", drawn(digits[:400], digits[400:], None)


def accuracy(draw: Draw, size: int, seed: int, work: Path) -> float:
    """The share of new pictures that are recognized."""
    known, new = draw(seed)
    valid = set(random.Random(seed).sample(known, len(known) // 5))
    rows = [(path, path.parent.name, "valid" if path in valid else "train") for path in known]
    rows += [(path, path.parent.name, "test") for path in new]
    table = work / "task.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "split"), *rows])
    learner = Learner(Catalog.from_csv(table, project=work / "project"), size=size, seed=seed)
    return automatic.fit(learner).evaluate("test").accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 256, 288, 320, 352])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[int, list[float]]] = {}
    print(f"{'task':<16}" + "".join(f"{size:>9}" for size in options.sizes), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, draw in tasks(work):
            found[name] = {
                size: [accuracy(draw, size, seed, work) for seed in range(options.seeds)]
                for size in options.sizes
            }
            means = [statistics.mean(values) for values in found[name].values()]
            print(f"{name:<16}" + "".join(f"{mean:>9.2%}" for mean in means), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    with emitting(nowhere):
        main()
