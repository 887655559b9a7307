"""A folder of drawings with faults on purpose, and what is found in it, once for all tests."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whatsit import Catalog
from whatsit.drawings import CLASSES, draw
from whatsit.events import emitting, nowhere
from whatsit.review import Suspects, opened, suspects
from whatsit.training.features import Extractor

EACH = {"train": 16, "valid": 4, "test": 2}  # drawings of a kind


@dataclass(frozen=True)
class Faulty:
    """An image folder with wrong labels (and what is really there), a copy and its original, a foreign and a
    blank picture, and a test split with a wrong label."""

    folder: Path
    wrong: dict[Path, str]
    copy: Path
    original: Path
    foreign: Path
    blank: Path
    wrong_test: Path
    catalog: Catalog
    extract: Extractor
    found: Suspects


@pytest.fixture(scope="session")
def faulty(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    folder, chance = tmp_path_factory.mktemp("faulty") / "animals", random.Random(2)
    for split, each in EACH.items():
        for kind in CLASSES:
            (folder / split / kind).mkdir(parents=True)
            for number in range(each):
                draw(kind, chance).save(folder / split / kind / f"{number:02}.jpg", quality=90)
    train, valid = folder / "train", folder / "valid"
    wrong = {train / "cat" / "wrong.jpg": "bird", valid / "fish" / "=wrong.jpg": "cat"}
    for path, kind in wrong.items():
        draw(kind, chance).save(path, quality=90)
    original, copy = train / "bird" / "03.jpg", train / "fish" / "copy.jpg"
    with Image.open(original) as image:
        image.resize((220, 220)).save(copy, quality=80)
    foreign, blank = train / "bird" / "foreign.png", train / "cat" / "blank.png"
    grains = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(grains).resize((256, 256), Image.Resampling.NEAREST).save(foreign)
    Image.new("RGB", (256, 256), (90, 120, 90)).save(blank)
    wrong_test = folder / "test" / "bird" / "wrong.jpg"
    draw("fish", chance).save(wrong_test, quality=90)
    with emitting(nowhere):
        catalog, extract = opened(folder)
        found = suspects(catalog, extract)
    return Faulty(folder, wrong, copy, original, foreign, blank, wrong_test, catalog, extract, found)
