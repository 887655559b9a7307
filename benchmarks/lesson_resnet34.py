"""The lesson's first training, frozen resnet34 at 224 pixels, by its own names against fastai 2.8.

    python -m benchmarks.lesson_resnet34 [--photos 245] [--epochs 4] [--rounds 3]

Both take the same random weights from a file, since none can be fetched here: this measures time, and no
accuracy. The converted network is cached, the features are not. Whole processes, and of these the learner and
its training alone; in turn, and the median of all rounds.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from itertools import zip_longest
from pathlib import Path

from benchmarks.peers import CLOTHING, HERE, fastai_python, timed

OURS = (sys.executable, "-m", "benchmarks.lesson_resnet34", "--train")
THEIRS = "fastai_lesson.py"


def train(folder: str, epochs: int) -> None:
    """What the lesson does, in a process of its own."""
    from whatsit.fastai1 import (
        ImageDataBunch,
        create_cnn,
        error_rate,
        get_transforms,
        imagenet_stats,
        models,
        np,
    )

    np.random.seed(42)
    data = ImageDataBunch.from_folder(
        folder, train=".", valid_pct=0.2, ds_tfms=get_transforms(), size=224, num_workers=4
    ).normalize(imagenet_stats)
    started = time.perf_counter()
    learn = create_cnn(data, models.resnet34, metrics=error_rate)
    learn.fit_one_cycle(epochs)
    print(json.dumps({"seconds": time.perf_counter() - started}))


def copied(work: Path, photos: int) -> Path:
    """An image folder of so many of the shared photos, about as many of each class."""
    classes = [sorted(folder.glob("*.jpg")) for folder in sorted((CLOTHING / "train").iterdir())]
    chosen = [photo for row in zip_longest(*classes) for photo in row if photo][:photos]
    folder = work / "photos"
    for photo in chosen:
        (folder / photo.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder / photo.parent.name)
    return folder


def random_weights(work: Path) -> Path:
    """A folder with a weight file as torchvision has them."""
    import torch
    from torchvision import models

    torch.manual_seed(0)
    weights = work / "weights"
    weights.mkdir()
    torch.save(models.resnet34().state_dict(), weights / "resnet34.pth")
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=245)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.train, options.epochs)
        return
    times: dict[str, list[tuple[float, float]]] = {"whatsit": [], "fastai": []}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        photos = copied(work, options.photos)
        where = {"WHATSIT_WEIGHTS": random_weights(work), "WHATSIT_CACHE": work / "cache"}
        commands = {
            "whatsit": [*OURS, photos, "--epochs", options.epochs],
            "fastai": [fastai_python(), HERE / THEIRS, photos, options.epochs],
        }
        for number in range(-1, options.rounds):  # the first round converts the network
            for peer, command in list(commands.items())[: 1 if number < 0 else None]:
                shutil.rmtree(photos / ".whatsit", ignore_errors=True)
                whole, output = timed(command, **where)
                if number >= 0:
                    times[peer].append((whole, json.loads(output.splitlines()[-1])["seconds"]))
                    print(f"round {number + 1}, {peer}: {whole:.1f} s", flush=True)
    middle = {peer: list(map(statistics.median, zip(*found, strict=True))) for peer, found in times.items()}
    print(f"\n{options.photos} photos, {options.epochs} epochs\n{'':<10}{'process':>10}{'training':>10}")
    for peer, (whole, alone) in middle.items():
        print(f"{peer:<10}{whole:>9.1f}s{alone:>9.1f}s")
    ratios = [theirs / ours for ours, theirs in zip(middle["whatsit"], middle["fastai"], strict=True)]
    print(f"{'quicker':<10}" + "".join(f"{ratio:>9.1f}x" for ratio in ratios))


if __name__ == "__main__":
    main()
