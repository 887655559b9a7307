"""Opening many pictures, comparing them, and how much a split leaks: Whatsit against fastai and torchvision.

    python -m benchmarks.catalog [--files 100000] [--rows 1000000] [--only opening rows copies leak]

opening  The first opening reads, checks, hashes and deals every file, the second looks it up. The peers only
         list names: what is damaged or doubled they learn while training, or never.
rows     A million files (hard links of a few) whose rows are in the index already.
copies   100,000 perceptual hashes with 5,000 planted near ones, all compared.
leak     Near-copies of 5 % (and 50 %) of the shared photos are planted, and the pairs counted that lie
         astride the split. The same head learns on both kinds of split; what it gets right among the
         validation pictures that have no twin in training is the honest accuracy, the rest is flattery.
"""

import argparse
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.peers import CLOTHING, HERE, fastai_python, timed
from whatsit.catalog import Catalog, Rule
from whatsit.catalog.fingerprint import stat_key
from whatsit.catalog.index import ROW
from whatsit.project import Project

PEAK = r'int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024'
WHATSIT = """
from whatsit.catalog import Catalog
open_it = lambda: Catalog.from_folder(sys.argv[1], project=sys.argv[2])
"""
TORCHVISION = """
from torchvision.datasets import ImageFolder
open_it = lambda: ImageFolder(sys.argv[1])
"""
COPIES = """
import numpy as np
from whatsit.catalog import near_duplicates
dice = np.random.default_rng(0)
hashes = dice.integers(1, 2**63, 100_000).astype(np.uint64) * np.uint64(2) + np.uint64(1)
hashes[95_000:] = hashes[:5_000] ^ (np.uint64(0b1111) << dice.integers(0, 60, 5_000).astype(np.uint64))
def open_it():
    leader = near_duplicates(hashes)
    assert (leader[95_000:] == leader[:5_000]).all()
    return hashes
"""


def measured(setup: str, *words: object) -> dict[str, float]:
    """Seconds, peak and starting memory (MB) of `open_it()` in a process of its own, imports left out."""
    script = (
        f"import json, re, sys, time\n{setup}\nbefore, started = {PEAK}, time.perf_counter()\n"
        f"found = open_it()\nseconds = time.perf_counter() - started\n"
        f'print(json.dumps({{"seconds": seconds, "before": before, "peak": {PEAK}, "images": len(found)}}))'
    )
    return json.loads(timed([sys.executable, "-c", script, *words])[1])


def tell(name: str, facts: dict[str, float], ratio: str = "") -> None:
    memory = f"{facts['peak']:6.0f} MB ({facts['peak'] - facts['before']:.0f} for the opening)"
    print(f"{name:<46}{facts['seconds']:9.2f} s{memory:>34}  {ratio}", flush=True)


def opening(work: Path, files: int) -> None:
    folder = work / "many"
    dice = np.random.default_rng(0)
    for number in range(files):
        patches = Image.fromarray(dice.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        path = folder / f"class{number % 10}" / f"{number:08}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        patches.resize((64, 48), Image.Resampling.BICUBIC).save(path, quality=80)
    project = work / "project"  # beside the folder: torchvision would take .whatsit for a class
    first, second = measured(WHATSIT, folder, project), measured(WHATSIT, folder, project)
    peers = {
        "torchvision ImageFolder (names only)": measured(TORCHVISION, folder),
        "fastai ImageDataLoaders (names only)": json.loads(
            timed([fastai_python(), HERE / "fastai_catalog.py", "open", folder])[1]
        ),
    }
    tell("Whatsit, first opening", first)
    tell("Whatsit, second opening", second, f"{first['seconds'] / second['seconds']:.0f}x quicker")
    for name, facts in peers.items():
        assert facts["images"] == files
        tell(name, facts, f"{facts['seconds'] / second['seconds']:.1f}x Whatsit's second")


def rows(work: Path, count: int) -> None:
    folder, classes = work / "rows", 20
    for number in range(classes):
        (folder / f"{number:02}").mkdir(parents=True)
        first = folder / f"{number:02}" / "00000000.jpg"
        Image.new("RGB", (8, 8), (10 * number, 0, 0)).save(first)
        for n in range(1, count // classes):
            os.link(first, first.with_name(f"{n:08}.jpg"))
    dice = np.random.default_rng(0)
    with Project(folder).database.write() as database:
        database.execute("INSERT INTO rules (rule) VALUES (?)", (Rule().name,))
        for number in range(classes):
            stat = stat_key(os.stat(folder / f"{number:02}" / "00000000.jpg"))
            for n in range(count // classes):
                content, looks = dice.bytes(32), int(dice.integers(1, 2**63))
                row = np.array((*stat, content, looks, 8, 8, b"JPEG", np.nan, -1), ROW).tobytes()
                path = f"{number:02}/{n:08}.jpg".encode()
                database.execute("INSERT INTO files VALUES (?, ?, NULL, NULL)", (path, row))
                database.execute(
                    "INSERT INTO sides VALUES (1, ?, ?, ?, '')", (content, int(n % 5 == 0), looks)
                )
    facts = measured(WHATSIT, folder, folder / ".whatsit")
    assert facts["images"] == count // classes * classes
    tell(f"Whatsit, {count:,} rows", facts)


def copies() -> None:
    tell("near_duplicates, 100,000 hashes", measured(COPIES))


def near_copy(image: Image.Image, how: int, dice: np.random.Generator) -> bytes:
    """Recompressed, resized, or cropped by up to 2 % of its sides; as JPEG."""
    width, height = image.size
    if how == 1:
        scale = dice.uniform(0.4, 1.6)
        image = image.resize((round(width * scale), round(height * scale)))
    if how == 2:
        left, top = dice.uniform(0, 0.02, 2)
        image = image.crop((round(width * left), round(height * top), width, height))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(dice.integers(40, 80)) if how == 0 else 90)
    return buffer.getvalue()


def planted(folder: Path, share: float) -> dict[str, tuple[str, int]]:
    """All shared photos by class, with near-copies of a share of them: {copy: (original, how)}."""
    dice = np.random.default_rng(0)
    pairs: dict[str, tuple[str, int]] = {}
    for path in sorted(CLOTHING.glob("*/*/*.jpg")):
        place = folder / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        if dice.random() < share:
            copy = place.with_name(f"copy-{path.name}")
            how = len(pairs) % 3
            copy.write_bytes(near_copy(Image.open(path).convert("RGB"), how, dice))
            pairs[str(copy)] = (str(place), how)
    return pairs


def leak(work: Path, share: float, seeds: int) -> None:
    folder = work / f"leak{share}"
    pairs = planted(folder, share)
    ours = {}
    for seed in range(seeds):
        catalog = Catalog.from_folder(folder, seed=seed)
        ours[seed] = {str(item.path) for item in catalog["valid"]}
    answer = timed([fastai_python(), HERE / "fastai_catalog.py", "split", folder, seeds])[1]
    theirs = {int(seed): set(files) for seed, files in json.loads(answer).items()}

    looks = dict(zip((str(item.path) for item in catalog), catalog.rows["hash"].tolist(), strict=True))
    for how, name in enumerate(("recompressed", "resized", "cropped")):
        distances = [(looks[a] ^ looks[b]).bit_count() for a, (b, kind) in pairs.items() if kind == how]
        print(f"  {name}: {np.mean(np.array(distances) <= 4):.0%} of {len(distances)} within 4 bits")
    print(f"{share:.0%} near-copies: {len(pairs)} pairs in {len(catalog)} files, means of {seeds} seeds")
    print(f"  {'':<10}{'pairs astride':>16}{'accuracy':>12}{'honest':>10}{'flattered by':>18}")
    for name, splits in (("Whatsit", ours), ("fastai", theirs)):
        astride = statistics.mean(
            sum((a in valid) != (b in valid) for a, (b, _) in pairs.items()) for valid in splits.values()
        )
        accuracies = [judged(catalog, valid, pairs, seed) for seed, valid in splits.items()]
        said, honest = (statistics.mean(column) for column in zip(*accuracies, strict=True))
        print(
            f"  {name:<10}{astride:8.1f} ({astride / len(pairs):5.1%}){said:12.2%}{honest:10.2%}"
            f"{100 * (said - honest):+11.2f} points",
            flush=True,
        )


def judged(
    catalog: Catalog, valid: set[str], pairs: dict[str, tuple[str, int]], seed: int
) -> tuple[float, float]:
    """Accuracy on all validation pictures, and on those that have no twin in training."""
    from whatsit.train import Learner

    items = list(catalog)
    splits = ["valid" if str(item.path) in valid else "train" for item in items]
    learner = Learner(
        Catalog.from_lists(
            [item.path for item in items], [item.label for item in items], splits, catalog.root
        ),
        seed=seed,
    )
    learner.fit_one_cycle(learner.default_epochs(), tell=lambda line: None)
    twins = {twin for a, (b, _) in pairs.items() for twin in (a, b) if (a in valid) != (b in valid)}
    measured_on = list(learner.catalog["valid"])
    right = [
        learner.classes[best] == item.label
        for best, item in zip(learner.predict("valid").argmax(1), measured_on, strict=True)
    ]
    alone = [str(item.path) not in twins for item in measured_on]
    return float(np.mean(right)), float(np.mean(np.array(right)[alone]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", default=["opening", "rows", "copies", "leak"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        parts: dict[str, Sequence[Callable[[], None]]] = {
            "opening": [lambda: opening(work, options.files)],
            "rows": [lambda: rows(work, options.rows)],
            "copies": [copies],
            "leak": [lambda: leak(work, 0.05, options.seeds), lambda: leak(work, 0.5, options.seeds)],
        }
        for name in options.only:
            for part in parts[name]:
                part()


if __name__ == "__main__":
    main()
