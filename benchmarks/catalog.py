"""Opening many pictures, comparing them, and how far a split leaks: Whatsit against fastai and torchvision.

    python -m benchmarks.catalog [--files 100000] [--rows 1000000] [--seeds 20]
                                 [--only opening rows duplicates leak]

opening     The first opening reads, checks, hashes and assigns every file, the second looks it up. The peers
            only list names: what is damaged or doubled they learn while training, or never.
rows        A million files (hard links of a few) whose rows are in the index already.
duplicates  100,000 perceptual hashes, all compared; 5,000 planted pairs are 4 bits apart and must be found,
            5,000 are 5 bits apart and must not.
leak        Near-copies of 5 % (and 50 %) of the shared photos are planted, and the pairs counted that lie
            astride the split. Then the same head learns on Whatsit's splits and on fastai's.

The honest accuracy is that of the same learner on its validation pictures without a twin in training. Which
pictures have one is chance, so these are no easier or harder than the others, and what the twins add to them
is flattery.
"""

import argparse
import io
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.peers import CLOTHING, HERE, fastai_python, timed
from whatsit.catalog import Catalog, Rule
from whatsit.catalog.duplicates import DISTANCE
from whatsit.catalog.fingerprint import stat_key
from whatsit.catalog.index import ROW
from whatsit.events import emitting, nowhere
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
DUPLICATES = """
import numpy as np
from whatsit.catalog import near_duplicates
dice = np.random.default_rng(0)
hashes = dice.integers(1, 2**64, 100_000, np.uint64)
def flipped(some, bits):
    places = dice.random((len(some), 64)).argsort(axis=1)[:, :bits].astype(np.uint64)
    return some ^ np.bitwise_or.reduce(np.uint64(1) << places, axis=1)
hashes[90_000:95_000] = flipped(hashes[:5_000], 4)
hashes[95_000:] = flipped(hashes[5_000:10_000], 5)
def open_it():
    leader = near_duplicates(hashes)
    assert (leader[90_000:95_000] == leader[:5_000]).all()
    assert (leader[95_000:] != leader[5_000:10_000]).all()
    return leader
"""
FRAMES = """
import numpy as np
from whatsit.catalog import near_duplicates
from whatsit.events import emitting, nowhere
dice = np.random.default_rng(0)
hashes = dice.integers(1, 2**64, 100, np.uint64).repeat(1000)
for _ in range(2):
    hashes ^= np.uint64(1) << dice.integers(0, 64, len(hashes)).astype(np.uint64)
def open_it():
    leader = near_duplicates(hashes)
    assert len(set(leader.tolist())) == 100
    return leader
"""
HOW = ("recompressed", "resized", "cropped")
LINKS = 50_000  # of one file; ext4 allows 65,000


class Cost(NamedTuple):
    """Of one call in a process of its own: `before` is its memory after imports, `peak` the most, in MB."""

    seconds: float
    before: int
    peak: int
    images: int


class Copy(NamedTuple):
    original: str
    how: str


class Judged(NamedTuple):
    """Accuracy 0..1 on all validation pictures, and on those without a twin in training; the twins' share."""

    said: float
    honest: float
    twins: float


def cost(command: Iterable[object]) -> Cost:
    return Cost(**json.loads(timed([*command], PYTHONWARNINGS="ignore")[1]))


def measured(setup: str, *words: object) -> Cost:
    """What `open_it()` costs, imports left out."""
    script = (
        f"import json, re, sys, time\n{setup}\nbefore, started = {PEAK}, time.perf_counter()\n"
        f"found = open_it()\nseconds = time.perf_counter() - started\n"
        f'print(json.dumps({{"seconds": seconds, "before": before, "peak": {PEAK}, "images": len(found)}}))'
    )
    return cost([sys.executable, "-c", script, *words])


def head(title: str) -> None:
    print(f"\n{title:<52}{'seconds':>9}{'peak MB':>9}{'imports':>9}{'itself':>8}", flush=True)


def tell(name: str, found: Cost, note: str = "") -> None:
    memory = f"{found.peak:>9}{found.before:>9}{found.peak - found.before:>8}"
    print(f"{name:<52}{found.seconds:>9.2f}{memory}  {note}", flush=True)


def opening(work: Path, files: int, rounds: int = 3) -> None:
    folder = work / "many"
    render(folder, files)
    project = work / "project"  # beside the folder: torchvision would take .whatsit for a class
    first = measured(WHATSIT, folder, project)
    peer = [fastai_python(), HERE / "fastai_catalog.py"]
    calls: dict[str, Callable[[], Cost]] = {
        "Whatsit, second opening": lambda: measured(WHATSIT, folder, project),
        "torchvision ImageFolder (names only)": lambda: measured(TORCHVISION, folder),
        "fastai get_image_files (names only)": lambda: cost([*peer, "list", folder]),
        "fastai ImageDataLoaders.from_folder (names only)": lambda: cost([*peer, "open", folder]),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            costs[name].append(call())
    middle = {name: sorted(found)[rounds // 2] for name, found in costs.items()}
    assert all(found.images == files for found in (first, *middle.values()))
    second = middle["Whatsit, second opening"].seconds
    head(f"{files:,} files; but for the first, medians of {rounds}")
    tell("Whatsit, first opening", first, f"{first.seconds / second:.0f}x the second (target: 10x or more)")
    for name, found in middle.items():
        tell(name, found, f"{found.seconds / second:.2f}x Whatsit's second")


def render(folder: Path, files: int) -> None:
    """Small distinct JPEGs in ten classes."""
    dice = np.random.default_rng(0)
    for number in range(files):
        patches = Image.fromarray(dice.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        path = folder / f"class{number % 10}" / f"{number:08}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        patches.resize((64, 48), Image.Resampling.BICUBIC).save(path, quality=80)


def rows(work: Path, count: int) -> None:
    folder = work / "rows"
    classes = max(2, math.ceil(count / LINKS))
    dice = np.random.default_rng(0)
    with Project(folder).database.write() as database:
        database.execute("INSERT INTO rules (id, rule) VALUES (1, ?)", (Rule().name,))
        for number in range(classes):
            first = folder / f"{number:03}" / "00000000.jpg"
            first.parent.mkdir()
            Image.new("RGB", (8, 8), (number % 256, 0, 0)).save(first)
            names = [f"{n:08}.jpg" for n in range(count // classes)]
            for name in names[1:]:
                os.link(first, first.with_name(name))
            stat = stat_key(os.stat(first))  # only now: every link changes it
            for n, name in enumerate(names):
                content, looks = dice.bytes(32), int(dice.integers(1, 2**63))
                row = np.array((*stat, content, looks, 8, 8, b"JPEG", np.nan, -1), ROW).tobytes()
                path = f"{number:03}/{name}".encode()
                database.execute("INSERT INTO files VALUES (?, ?, NULL, NULL)", (path, row))
                split = (content, int(n % 5 == 0), looks)
                database.execute("INSERT INTO splits VALUES (1, ?, ?, ?, '')", split)
    found = measured(WHATSIT, folder, folder / ".whatsit")
    assert found.images == count // classes * classes
    head("files whose rows are in the index")
    tell(f"Whatsit, {found.images:,} rows", found, "targets: 10 s, 1,000 MB")


def duplicates() -> None:
    head("copies by their hashes")
    tell("near_duplicates, 100,000 hashes", measured(DUPLICATES), "targets: 10 s, 1,000 MB")
    tell("near_duplicates, 1,000 frames of 100 scenes", measured(FRAMES))


def near_copy(path: Path, how: str, dice: np.random.Generator) -> bytes:
    """Recompressed, resized, or cropped by up to 2 % of its sides; as JPEG."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    if how == "resized":
        scale = dice.uniform(0.4, 1.6)
        image = image.resize((round(width * scale), round(height * scale)))
    if how == "cropped":
        left, top = dice.uniform(0, 0.02, 2)
        image = image.crop((round(width * left), round(height * top), width, height))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(dice.integers(40, 80)) if how == "recompressed" else 90)
    return buffer.getvalue()


def plant(folder: Path, share: float) -> dict[str, Copy]:
    """Copy all shared photos into one folder per class, and add near-copies of a share of them."""
    dice = np.random.default_rng(0)
    photos = sorted(CLOTHING.glob("*/*/*.jpg"))
    chosen = set(dice.permutation(len(photos))[: round(share * len(photos))].tolist())
    pairs: dict[str, Copy] = {}
    for number, photo in enumerate(photos):
        place = folder / photo.parent.name / photo.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, place)
        if number in chosen:
            how = HOW[len(pairs) % len(HOW)]
            copy = place.with_name(f"copy-{photo.name}")
            copy.write_bytes(near_copy(photo, how, dice))
            pairs[str(copy)] = Copy(str(place), how)
    return pairs


Splits = dict[int, set[str]]  # the validation files by the split's seed


def whatsit_splits(folder: Path, seeds: Iterable[int]) -> Splits:
    return {
        seed: {str(item.path) for item in Catalog.from_folder(folder, seed=seed)["valid"]} for seed in seeds
    }


def fastai_splits(folder: Path, seeds: Iterable[int]) -> Splits:
    command = [fastai_python(), HERE / "fastai_catalog.py", "split", folder, *seeds]
    answer = timed(command, PYTHONWARNINGS="ignore")[1]
    return {int(seed): set(files) for seed, files in json.loads(answer).items()}


def across_splits(pairs: dict[str, Copy], valid: set[str]) -> set[str]:
    """The pictures, of either split, whose twin is in the other."""
    apart = [(copy, of.original) for copy, of in pairs.items() if (copy in valid) != (of.original in valid)]
    return {picture for pair in apart for picture in pair}


def judge(catalog: Catalog, valid: set[str], pairs: dict[str, Copy], seed: int) -> Judged:
    """Learn on the pictures that are not in `valid`, and measure on those that are."""
    from whatsit.training import Learner

    paths, labels = zip(*((item.path, item.label) for item in catalog), strict=True)
    splits = ["valid" if str(path) in valid else "train" for path in paths]
    learner = Learner(Catalog.from_lists(paths, labels, splits, catalog.root), seed=seed)
    learner.fit_one_cycle(learner._state.default_epochs)
    measured_on = list(learner.catalog["valid"])
    assert {str(item.path) for item in measured_on} == valid
    best = [learner.classes[place] for place in learner.get_preds("valid")[0].argmax(1)]
    right = np.array([answer == item.label for answer, item in zip(best, measured_on, strict=True)])
    twins = across_splits(pairs, valid)
    is_twin = np.array([str(item.path) in twins for item in measured_on])
    return Judged(right.mean(), right[~is_twin].mean(), is_twin.mean())


def leak(work: Path, share: float, seeds: list[int]) -> None:
    folder = work / f"leak{share}"
    pairs = plant(folder, share)
    splits = {"fastai": fastai_splits(folder, seeds), "Whatsit": whatsit_splits(folder, seeds)}
    catalog = Catalog.from_folder(folder)
    print(f"\n{share:.0%} near-copies: {len(pairs)} pairs among {len(catalog):,} photos, {len(seeds)} splits")
    print(f"  within {DISTANCE} bits: {recognized(catalog, pairs)}")
    validation = len(splits["fastai"][seeds[0]])
    chance = 2 * validation * (len(catalog) - validation) / (len(catalog) * (len(catalog) - 1))
    print(f"  pairs across splits; by chance {chance:.1%}")
    for name, by_seed in splits.items():
        apart = [len(across_splits(pairs, valid)) // 2 for valid in by_seed.values()]
        print(
            f"    {name:<10}mean {mean(apart):6.1f} ({mean(apart) / len(pairs):5.1%}), "
            f"{min(apart)} to {max(apart)}; with seed {seeds[0]}: {apart[0]}"
        )
    print(f"  {'accuracy, %':<12}{'as measured':>16}{'honest':>16}{'flattery':>16}{'twins':>10}", flush=True)
    for name, by_seed in splits.items():
        judged = [judge(catalog, valid, pairs, seed) for seed, valid in by_seed.items()]
        said = average(100 * one.said for one in judged)
        honest = average(100 * one.honest for one in judged)
        flattery = average(100 * (one.said - one.honest) for one in judged)
        twins = mean(one.twins for one in judged)
        print(f"    {name:<10}{said:>16}{honest:>16}{flattery:>16}{twins:>10.1%}", flush=True)


def average(values: Iterable[float]) -> str:
    """The mean and its standard error."""
    found = [*values]
    return f"{mean(found):.2f} ± {stdev(found) / math.sqrt(len(found)):.2f}"


def recognized(catalog: Catalog, pairs: dict[str, Copy]) -> str:
    """What share of the planted copies Whatsit's hash finds, by kind."""
    looks = dict(zip((str(item.path) for item in catalog), catalog.rows["hash"].tolist(), strict=True))
    apart = {kind: [] for kind in HOW}
    for copy, (original, how) in pairs.items():
        apart[how].append((looks[copy] ^ looks[original]).bit_count())
    shares = {how: mean(bits <= DISTANCE for bits in found) for how, found in apart.items()}
    return ", ".join(f"{how} {share:.0%} of {len(apart[how])}" for how, share in shares.items())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=20, help="splits, and heads trained on them")
    parts = ["opening", "rows", "duplicates", "leak"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if "opening" in options.only:
            opening(work, options.files)
        if "rows" in options.only:
            rows(work, options.rows)
        if "duplicates" in options.only:
            duplicates()
        if "leak" in options.only:
            seeds = list(range(42, 42 + options.seeds))
            leak(work, 0.05, seeds)
            leak(work, 0.5, seeds)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
