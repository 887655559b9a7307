"""Near-duplicates: what 100,000 vectors cost, and which copies of photos are found.

    python -m benchmarks.near_duplicates [--rows 100000] [--seeds 10] [--only vectors photos]

vectors  All compared, exactly. They are drawn with the mean and the covariance of the features of the shared
         photos; 5,000 of them are near copies of others and must be found, and 500 rows are compared with all
         by brute force. Then 20,000 vectors that are all the same, 1,000 frames of each of 20 scenes, and, as
         the worst case, vectors of which no direction is a leading one, so that the filter lets all pass.
photos   Of the shared training and validation photos 3 % get a copy that is recompressed, resized, cropped by
         up to 4 % of each dimension, or all of it. Pairs that were not planted are listed, to be looked at.
"""

import argparse
import io
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.catalog import head, measured, tell
from benchmarks.peers import CLOTHING
from whatsit.catalog import Catalog
from whatsit.catalog.looks import looks_of
from whatsit.events import emitting, nowhere
from whatsit.project import FeatureStore
from whatsit.training.backbone import load_backbone
from whatsit.training.features import Extractor
from whatsit.understand.near_duplicates import Copies, find_copies

SHARE = 0.03  # of the photos get a copy
HOW = ("recompressed", "resized", "cropped", "all of it")
SETUP = """
import numpy as np
from whatsit.understand.neighbors import star_leaders
count, width, distance = int(sys.argv[1]), 1280, 0.28 ** 0.5
dice = np.random.default_rng(0)
def like_photos():
    with np.load(sys.argv[2]) as known:
        center, spread = known["center"], known["spread"]
    found = np.empty((count, width), np.float32)
    for start in range(0, count, 10_000):
        some = found[start:start + 10_000]
        some[:] = center + dice.standard_normal((len(some), len(spread)), np.float32) @ spread
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return found
def shaken(some, noise):
    found = some + noise / width ** 0.5 * dice.standard_normal(some.shape, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)
"""
VECTORS = f"""{SETUP}
vectors = like_photos()
vectors[-5000:] = shaken(vectors[:5000], 0.3)
def open_it():
    leader = star_leaders(vectors, distance)
    assert (leader[-5000:] == leader[:5000]).all()
    for one in dice.choice(count, 500, replace=False):
        apart = 2 - 2 * (vectors @ vectors[one])
        near = np.flatnonzero(apart <= distance ** 2 - 1e-5)
        assert leader[one] == one or leader[one] in near
        alone = near[(leader[near] == near) & (np.bincount(leader, minlength=count)[near] == 1)]
        assert leader[one] != one or len(alone) <= 1  # nobody is left alone beside a free neighbor
    return leader
"""
SAME = f"""{SETUP}
vectors = np.tile(like_photos()[:1], (20_000, 1))
def open_it():
    leader = star_leaders(vectors, distance)
    assert not leader.any()
    return leader
"""
FRAMES = f"""{SETUP}
vectors = shaken(like_photos()[:20].repeat(1000, axis=0), 0.05)
def open_it():
    leader = star_leaders(vectors, distance)
    assert len(set(leader.tolist())) == 20
    return leader
"""
WORST = f"""{SETUP}
vectors = shaken(np.zeros((count, width), np.float32), 1)
def open_it():
    return star_leaders(vectors, distance)
"""


def extract(catalog: Catalog, store: Path) -> np.ndarray:
    """The features of lite0, kept for the next round."""
    backbone = load_backbone()
    return Extractor(backbone, backbone.preprocess, "bf16", FeatureStore(store))(catalog).vectors


def vectors(work: Path, count: int) -> None:
    store, file = work / "features", work / "photos.npz"
    catalog = Catalog.from_folder(CLOTHING, project=work / "project")
    store.mkdir(exist_ok=True)
    features = extract(catalog, store)
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    center = features.mean(axis=0)
    spread = np.linalg.svd(features - center, full_matrices=False)
    np.savez(file, center=center, spread=(spread[1][:, None] * spread[2] / len(features) ** 0.5))
    head("vectors of 1,280 numbers, all compared")
    tell(f"{count:,} like photos, 5,000 copies", measured(VECTORS, count, file), "targets: 120 s, 2,000 MB")
    tell("20,000 that are all the same", measured(SAME, 1, file))
    tell("1,000 frames of each of 20 scenes", measured(FRAMES, 20, file))
    tell(f"{count // 4:,} without leading directions", measured(WORST, count // 4, file))


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
