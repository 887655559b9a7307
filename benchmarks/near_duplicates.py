"""Near-duplicates: what 100,000 vectors cost, and which copies of photos are found.

    python -m benchmarks.near_duplicates [--rows 100000] [--seeds 10] [--only vectors photos]

vectors  All compared, exactly. They are drawn with the mean and the covariance of what is compared of the
         shared photos, features and gray pictures; 5,000 of them are near copies of others, and 100 rows are
         compared with all by brute force. Then 20,000 vectors that are all the same, 1,000 frames of each of
         20 scenes, and, as the worst case, vectors of which no direction is a leading one, so that the filter
         lets all pass.
photos   Of the shared training and validation photos 3 % get a copy that is recompressed, resized, cropped by
         up to 4 % of each dimension, or all of it. Pairs that were not planted are listed, to be looked at.
"""

import argparse
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.peers import CLOTHING, timed
from whatsit.catalog import Catalog
from whatsit.catalog.looks import looks_of
from whatsit.events import emitting, nowhere
from whatsit.project import FeatureStore
from whatsit.training.backbone import load_backbone
from whatsit.training.features import Extractor
from whatsit.understand.near_duplicates import Copies, compared, find_copies

SHARE = 0.03  # of the photos get a copy
HOW = ("recompressed", "resized", "cropped", "all of it")
SETUP = """
import sys
import numpy as np
from whatsit.understand.neighbors import star_leaders
from whatsit.understand.near_duplicates import APART, GRAY
count, distance, length = int(sys.argv[1]), (2 * APART) ** 0.5, (1 + GRAY) ** 0.5
def of_length(some):
    return some * (length / np.linalg.norm(some, axis=1, keepdims=True))
dice = np.random.default_rng(0)
def like_photos():
    with np.load(sys.argv[2]) as known:
        center, spread = known["center"], known["spread"]
    found = np.empty((count, len(center)), np.float32)
    for start in range(0, count, 10_000):
        some = found[start:start + 10_000]
        some[:] = center + dice.standard_normal((len(some), len(spread)), np.float32) @ spread
        some[:] = of_length(some)
    return found
def shaken(some, noise):
    return of_length(some + noise / some.shape[1] ** 0.5 * dice.standard_normal(some.shape, np.float32))
"""
MEASURE = """
import json, re, sys, time
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
before, started, used = peak(), time.perf_counter(), time.process_time()
leader = star_leaders(vectors, distance)
found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - used, "before": before}
found["peak"] = peak()
"""
VECTORS = """
vectors = like_photos()
vectors[-5000:] = shaken(vectors[:5000], 0.3)
"""
EXACT = """
members = np.bincount(leader, minlength=count)
for one in dice.choice(count, 100, replace=False):
    apart = 2 * length ** 2 - 2 * (vectors @ vectors[one])
    near = apart <= distance ** 2 + 1e-5
    assert near[leader[one]]
    lonely = near & (apart <= distance ** 2 - 1e-5) & (members == 1)
    assert leader[one] != one or members[one] > 1 or lonely.sum() == 1  # nobody is alone beside a free one
"""
SAME = "vectors = np.tile(like_photos()[:1], (20_000, 1))"
ONE = "assert not leader.any()"
FRAMES = "vectors = shaken(like_photos()[:20].repeat(1000, axis=0), 0.05)"
TWENTY = "assert len(set(leader.tolist())) == 20"
WORST = "vectors = shaken(np.zeros((count, 1536), np.float32), 1)"


class Cost(NamedTuple):
    """Of one call in a process of its own: `before` its memory with the vectors, `peak` the most, in MB."""

    seconds: float
    cpu: float
    before: int
    peak: int


def extract(catalog: Catalog, store: Path) -> np.ndarray:
    """The features of lite0, kept for the next round."""
    backbone = load_backbone()
    return Extractor(backbone, backbone.preprocess, "bf16", FeatureStore(store))(catalog).vectors


def vectors(work: Path, count: int) -> None:
    store, file = work / "features", work / "photos.npz"
    catalog = Catalog.from_folder(CLOTHING, project=work / "project")
    store.mkdir(exist_ok=True)
    known = compared(extract(catalog, store), looks_of(catalog)["small"])
    center = known.mean(axis=0)
    _, lengths, directions = np.linalg.svd(known - center, full_matrices=False)
    np.savez(file, center=center, spread=lengths[:, None] * directions / len(known) ** 0.5)
    print(f"\n{'all compared':<40}{'seconds':>9}{'of CPUs':>9}{'peak MB':>9}{'vectors':>9}", flush=True)
    for name, rows, made, check in (
        (f"{count:,} like photos, 5,000 copies", count, VECTORS, EXACT),
        ("20,000 that are all the same", 1, SAME, ONE),
        ("1,000 frames of each of 20 scenes", 20, FRAMES, TWENTY),
        (f"{count // 4:,} without leading directions", count // 4, WORST, ""),
    ):
        script = "\n".join([SETUP, made, MEASURE, check, "print(json.dumps(found))"])
        cost = Cost(**json.loads(timed([sys.executable, "-c", script, rows, file])[1]))
        numbers = f"{cost.seconds:>9.1f}{cost.cpu:>9.1f}{cost.peak:>9}{cost.before:>9}"
        print(f"{name:<40}{numbers}", flush=True)
    print("targets: 120 s, 2,000 MB")


def near_copy(path: Path, how: str, dice: np.random.Generator) -> bytes:
    """Recompressed, resized, cropped by up to 4 % of each dimension, or all of it; as JPEG."""
    image = Image.open(path).convert("RGB")
    if how in ("cropped", "all of it"):
        size = np.array(image.size)
        cut = dice.uniform(0, 0.04, 2)
        start = cut * dice.uniform(0, 1, 2)
        image = image.crop((*np.round(size * start), *np.round(size * (1 - cut + start))))
    if how in ("resized", "all of it"):
        scale = dice.uniform(0.4, 1.6)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    buffer = io.BytesIO()
    quality = int(dice.integers(30, 80)) if how in ("recompressed", "all of it") else 90
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def plant(folder: Path, seed: int) -> dict[str, str]:
    """The photos by links, with copies, half of them in another class: {copy: original}, below the folder."""
    dice = np.random.default_rng(seed)
    photos = sorted(path for split in ("train", "validation") for path in (CLOTHING / split).glob("*/*"))
    classes = sorted({photo.parent.name for photo in photos})
    chosen = dice.permutation(len(photos))[: round(SHARE * len(photos))]
    for photo in photos:
        place = folder / photo.parent.name / photo.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(photo)
    pairs = {}
    for number, place in enumerate(chosen.tolist()):
        label = photos[place].parent.name
        other = str(dice.choice([one for one in classes if one != label])) if number % 2 else label
        copy = folder / other / f"copy-{photos[place].name}"
        copy.write_bytes(near_copy(photos[place], HOW[number % len(HOW)], dice))
        pairs[f"{other}/{copy.name}"] = f"{label}/{photos[place].name}"
    return pairs


def found_pairs(copies: Copies, paths: list[str]) -> set[frozenset[str]]:
    """All pairs within a group."""
    names = [[paths[place] for place in group] for group in copies.groups()]
    return {frozenset((one, other)) for group in names for one in group for other in group if one != other}


def photos(work: Path, seeds: int) -> None:
    store = work / "features"
    store.mkdir(exist_ok=True)
    planted = caught = right = reported = 0
    print(f"\n{'seed':<6}{'planted':>9}{'found':>7}{'not planted':>13}", flush=True)
    for seed in range(seeds):
        folder = work / f"photos{seed}"
        pairs = plant(folder, seed)
        catalog = Catalog.from_folder(folder)
        copies = find_copies(extract(catalog, store), catalog.rows, looks_of(catalog))
        found = found_pairs(copies, list(catalog.paths))
        wanted = {frozenset(pair) for pair in pairs.items()}
        others = found - wanted
        print(f"{seed:<6}{len(wanted):>9}{len(found & wanted):>7}{len(others):>13}", flush=True)
        for pair in sorted(map(sorted, others)):
            print("      ", json.dumps(pair))
        planted, caught = planted + len(wanted), caught + len(found & wanted)
        right, reported = right + len(found & wanted), reported + len(found)
    recall, precision = caught / planted, right / reported
    print(f"recall {recall:.1%} (target: 95 %), precision {precision:.1%} (target: 90 %) if no other is real")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=10)
    parts = ["vectors", "photos"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if "vectors" in options.only:
            vectors(Path(folder), options.rows)
        if "photos" in options.only:
            photos(Path(folder), options.seeds)


if __name__ == "__main__":
    with emitting(nowhere):
        main()
