"""Pictures with faults on purpose: wrong labels, near-duplicates, foreign, blank and blurred pictures."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image, ImageFilter

from whatsit.demo import MISLABELED, write_digits
from whatsit.drawings import CLASSES, draw

Kind = Literal["label", "duplicate", "foreign", "quality"]
WRONG, COPIES, FOREIGN, QUALITY = 0.08, 0.03, 0.015, 0.015  # shares of the pictures
CROP = 0.04  # of each dimension, at most
QUALITIES, SIZES, BLURS = (50, 85), (0.5, 0.95), (0.015, 0.03)  # of JPEG; of a side; of the shorter side


class Row(NamedTuple):
    """A picture, the label it is given, and its split, "" for none."""

    path: Path
    label: str
    split: str


@dataclass
class Planted:
    """A table of pictures. `kinds` says by path what is wrong, `truth` what a wrongly labeled one shows.

    `sources` are the originals of near-duplicates.
    """

    table: Path
    rows: list[Row]
    kinds: dict[Path, Kind] = field(default_factory=dict)
    truth: dict[Path, str] = field(default_factory=dict)
    sources: dict[Path, Path] = field(default_factory=dict)


def plant(rows: Sequence[Row], foreign: Sequence[Path], table: Path, seed: int) -> Planted:
    """Write a table of the pictures with faults, and those that are new, in a folder beside it.

    `foreign` are pictures of other things, of which some are taken.
    """
    dice, folder = random.Random(seed), table.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    labels = sorted({row.label for row in rows})
    rows, count = dice.sample(list(rows), len(rows)), len(rows)
    found = Planted(table, [])
    wrong, copied, bad, strange = (round(share * count) for share in (WRONG, COPIES, QUALITY, FOREIGN))
    blurred = bad // 2
    for number, row in enumerate(rows):
        if number < wrong:
            found.kinds[row.path], found.truth[row.path] = "label", row.label
            row = row._replace(label=dice.choice([one for one in labels if one != row.label]))
        elif number < wrong + blurred:
            row = row._replace(path=_blurred(row.path, folder / f"blurred-{number}.jpg", dice))
            found.kinds[row.path] = "quality"
        elif number < wrong + blurred + copied:
            copy = _copied(row.path, folder / f"copy-{number}.jpg", dice)
            found.kinds[copy], found.sources[copy] = "duplicate", row.path
            other = row.label
            if number % 2:
                other = dice.choice([one for one in labels if one != row.label])
                found.truth[copy] = row.label
            found.rows.append(Row(copy, other, dice.choice(rows).split))
        found.rows.append(row)
    blank = [_blank(folder / f"blank-{number}.jpg", dice) for number in range(bad - blurred)]
    found.kinds |= dict.fromkeys(blank, "quality") | dict.fromkeys(
        others := dice.sample(list(foreign), strange), "foreign"
    )
    found.rows += [Row(path, dice.choice(labels), dice.choice(rows).split) for path in (*blank, *others)]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "split"), *found.rows])
    return found


def _copied(source: Path, target: Path, dice: random.Random) -> Path:
    """Cropped, resized and compressed anew."""
    with Image.open(source) as image:
        wide, high = image.size
        left, top, right, bottom = (dice.uniform(0, CROP / 2) for _ in range(4))
        image = image.convert("RGB").crop(
            (round(left * wide), round(top * high), round((1 - right) * wide), round((1 - bottom) * high))
        )
        share = dice.uniform(*SIZES)
        image = image.resize((round(image.width * share), round(image.height * share)))
        image.save(target, quality=dice.randint(*QUALITIES))
    return target


def _blurred(source: Path, target: Path, dice: random.Random) -> Path:
    with Image.open(source) as image:
        radius = dice.uniform(*BLURS) * min(image.size)
        image.convert("RGB").filter(ImageFilter.GaussianBlur(radius)).save(target, quality=90)
    return target


def _blank(target: Path, dice: random.Random) -> Path:
    """One color, with the noise of a camera."""
    size = (dice.randint(300, 500), dice.randint(300, 500))
    color = tuple(dice.randint(0, 255) for _ in range(3))
    noise = Image.effect_noise(size, dice.uniform(1, 4)).convert("RGB")
    Image.blend(Image.new("RGB", size, color), noise, 0.2).save(target, quality=90)
    return target


def digits(folder: Path) -> list[Path]:
    """Handwritten digits, as large as photos; none of those with faults of their own."""
    if not folder.exists():
        write_digits(folder / "small")
    paths = []
    for source in sorted((folder / "small").glob("[0-25-9]/*.png")):
        if source.stem not in MISLABELED:
            paths.append(folder / source.parent.name / source.name)
            paths[-1].parent.mkdir(exist_ok=True)
            with Image.open(source) as image:
                image.resize((300, 300), Image.Resampling.BICUBIC).save(paths[-1])
    return paths


def drawings(folder: Path, each: int, seed: int, kinds: Sequence[str] = (*CLASSES, "rocket")) -> list[Path]:
    """So many drawings of each kind, in a folder for each."""
    dice, paths = random.Random(seed), []
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            paths.append(folder / kind / f"{number:03}.jpg")
            draw(kind, dice).save(paths[-1], quality=90)
    return paths
