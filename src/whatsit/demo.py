"""The demo's pictures: scikit-learn's handwritten digits, with faults on purpose."""

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from whatsit.extras import needing
from whatsit.i18n import Message

SIDE = 96


def write_digits(folder: Path) -> Message:
    """Write 1,797 digits as PNG files, digits/0 ... digits/9, and return what is wrong with them."""
    with needing(Message("demo.this")):
        from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        target = folder / str(label) / f"{number:08}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.uint8(255 - pixels * 255 / 16))
        image.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(target)
    for name, wrong in (("00000010", "1"), ("00000020", "5"), ("00000030", "7")):
        (source,) = folder.glob(f"*/{name}.png")
        source.rename(folder / wrong / source.name)
    shutil.copy(folder / "3" / "00000003.png", folder / "3" / "00000003-copy.png")
    cut = folder / "4" / "00000004.png"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    return Message("demo.faults")


def draw_results(digits: Path, bundle: Path, folder: Path) -> None:
    """Save the training curves of the latest run and some predictions as pictures in `folder`."""
    from whatsit.catalog import Catalog
    from whatsit.classifier import Classifier
    from whatsit.model import Prediction
    from whatsit.understand.plots import draw_predictions, draw_training

    latest = max((digits / ".whatsit" / "runs").iterdir())
    history = json.loads((latest / "history.json").read_text())["history"]
    draw_training(history).write(folder / "training.png")
    items = list(Catalog.from_folder(digits)["valid"])[::24][:15]
    answers = Classifier(bundle).try_each([item.path for item in items])
    draw_predictions(
        (item.path, item.label, answer)
        for item, answer in zip(items, answers, strict=True)
        if isinstance(answer, Prediction)
    ).write(folder / "predictions.png")
