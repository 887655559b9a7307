"""Faults of pictures themselves: what Whatsit finds, and what cleanvision does.

    python -m benchmarks.picture_faults [--seeds 3] [--each 20]

To the shared training and validation photos come `each` pictures of every kind, made from the test photos:

blank          one color, smoothly shaded, with the noise of a camera
dark           a tenth to a fifth of the light, with noise
blurred        by 2 to 6 pixels of 224 (standard deviation), or moved by 12 to 24
tiny           the shorter side has 12 to 30 pixels
extreme shape  a strip, 4.2 to 8 times as long as wide

`first` is the share of the planted ones among the first `each` of their kind, where those with other faults
are left out; `found` that of those that are called faulty, `others` how many good pictures are too, per set.
Both are used as they come.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.peers import CLOTHING, HERE, peer_python, timed
from whatsit.catalog import Catalog
from whatsit.catalog.faults import FAULTS, Fault, severities
from whatsit.catalog.looks import SIDE, looks_of
from whatsit.events import emitting, nowhere

Scores = dict[str, tuple[dict[str, float], set[str]]]  # by kind: how bad each path is, and which are faulty


def spoiled(photo: Image.Image, fault: Fault, dice: np.random.Generator) -> Image.Image:
    """The photo with a fault."""
    width, height = photo.size
    side = min(photo.size)
    if fault == "blank":
        return _blank((width, height), dice)
    if fault == "dark":
        levels = np.asarray(photo, np.float32) * dice.uniform(0.1, 0.2)
        return _image(levels + dice.normal(0, 2, levels.shape))
    if fault == "blurred" and dice.random() < 0.5:
        return photo.filter(ImageFilter.GaussianBlur(dice.uniform(2, 6) * side / SIDE))
    if fault == "blurred":
        return _moved(photo, round(dice.uniform(12, 24) * side / SIDE), float(dice.uniform(0, 180)))
    if fault == "tiny":
        scale = dice.uniform(12, 30) / side
        return photo.resize((round(width * scale), round(height * scale)))
    thin = round(min(width, max(width, height) / dice.uniform(4.2, 8)))
    if dice.random() < 0.5:
        return photo.crop((width // 3, 0, width // 3 + min(thin, round(height / 4.2)), height))
    return photo.crop((0, height // 3, width, height // 3 + round(width / dice.uniform(4.2, 8))))


def _blank(size: tuple[int, int], dice: np.random.Generator) -> Image.Image:
    width, height = size
    right, down = np.linspace(0, 1, width), np.linspace(0, 1, height)[:, None]
    slope = dice.uniform(-30, 30, 3)
    shade = slope[0] * right + slope[1] * down - abs(slope[2]) * ((right - 0.5) ** 2 + (down - 0.5) ** 2)
    levels = dice.uniform(0, 255, 3) + shade[..., None]
    return _image(levels + dice.normal(0, dice.uniform(0, 5), (height, width, 3)))


def _image(levels: np.ndarray) -> Image.Image:
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def _moved(photo: Image.Image, length: int, angle: float) -> Image.Image:
    """As a camera that moves sees it."""
    turned = photo.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    levels = np.pad(np.asarray(turned, np.float64), ((0, 0), (length, 0), (0, 0)), mode="edge").cumsum(axis=1)
    back = _image((levels[:, length:] - levels[:, :-length]) / length).rotate(-angle, expand=True)
    left, top = (back.width - photo.width) // 2, (back.height - photo.height) // 2
    return back.crop((left, top, left + photo.width, top + photo.height))


def plant(folder: Path, seed: int, each: int) -> dict[str, set[str]]:
    """The photos by links, and the spoiled ones: their paths below the folder, by kind."""
    dice = np.random.default_rng(seed)
    for split in ("train", "validation"):
        for photo in sorted((CLOTHING / split).glob("*/*")):
            place = folder / photo.parent.name / photo.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(photo)
    spare = dice.permutation(sorted((CLOTHING / "test").glob("*/*"))).tolist()
    planted: dict[str, set[str]] = {fault: set() for fault in FAULTS}
    for fault in FAULTS:
        for _ in range(each):
            photo = spare.pop()
            name = f"{photo.parent.name}/{fault.replace(' ', '-')}-{photo.name}"
            with Image.open(photo) as image:
                spoiled(image.convert("RGB"), fault, dice).save(folder / name, quality=90)
            planted[fault].add(name)
    return planted


def whatsit(folder: Path) -> tuple[float, Scores]:
    catalog = Catalog.from_folder(folder)
    started = time.perf_counter()
    bad = severities(catalog.rows, looks_of(catalog))
    seconds = time.perf_counter() - started
    columns = zip(FAULTS, bad.T, strict=True)
    return seconds, {
        fault: (
            dict(zip(catalog.paths, column.tolist(), strict=True)),
            {path for path, one in zip(catalog.paths, column, strict=True) if one >= 1},
        )
        for fault, column in columns
    }


def cleanvision(folder: Path) -> tuple[float, Scores]:
    output = timed([peer_python("cleanvision"), HERE / "cleanvision_peer.py", folder])[1]
    found = json.loads(output.splitlines()[-1])
    return found["seconds"], {
        kind: (
            {path: -score for path, score in one["score"].items()},
            {path for path, is_bad in one["is_bad"].items() if is_bad},
        )
        for kind, one in found["kinds"].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--each", type=int, default=20)
    options = parser.parse_args()
    seeds, each = options.seeds, options.each
    totals: dict[tuple[str, str], np.ndarray] = {}
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as work:
        for seed in range(seeds):
            folder = Path(work) / str(seed)
            planted = plant(folder, seed, each)
            everything = set().union(*planted.values())
            for name, judge in (("Whatsit", whatsit), ("cleanvision", cleanvision)):
                spent, scores = judge(folder)
                seconds.setdefault(name, []).append(spent)
                for fault, (how_bad, called) in scores.items():
                    wanted = planted[fault]
                    ranked = sorted(how_bad.keys() - (everything - wanted), key=lambda path: -how_bad[path])
                    first = set(ranked[:each])
                    counts = [len(first & wanted), len(called & wanted), len(called - everything)]
                    totals.setdefault((fault, name), np.zeros(3))
                    totals[fault, name] += counts
    print(f"{'':<16}{'':<14}{'first':>8}{'found':>8}{'others':>8}")
    for (fault, name), (first, found, others) in sorted(totals.items()):
        share = seeds * each
        print(f"{fault:<16}{name:<14}{first / share:>8.1%}{found / share:>8.1%}{others / seeds:>8.1f}")
    for name, spent in seconds.items():
        print(f"{name}: {min(spent):.1f} s")


if __name__ == "__main__":
    with emitting(nowhere):
        main()
