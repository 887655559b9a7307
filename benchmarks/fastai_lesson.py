"""The lesson's first training in fastai 2.8, in its own environment: `python fastai_lesson.py FOLDER EPOCHS`.

Its weights are in the folder WHATSIT_WEIGHTS. Prints JSON: the seconds of learner and training alone.
"""

import json
import os
import sys
import time
from pathlib import Path

import torch
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    Resize,
    aug_transforms,
    error_rate,
    imagenet_stats,
    vision_learner,
)
from torchvision import models


def resnet34(pretrained: bool = True) -> torch.nn.Module:
    network = models.resnet34()
    file = Path(os.environ["WHATSIT_WEIGHTS"]) / "resnet34.pth"
    network.load_state_dict(torch.load(file, weights_only=True))
    return network


def main() -> None:
    data = ImageDataLoaders.from_folder(
        Path(sys.argv[1]),
        train=".",
        valid_pct=0.2,
        seed=42,
        item_tfms=Resize(224),
        batch_tfms=[*aug_transforms(), Normalize.from_stats(*imagenet_stats)],
        num_workers=2,
    )
    started = time.perf_counter()
    learn = vision_learner(data, resnet34, metrics=error_rate)
    learn.fit_one_cycle(int(sys.argv[2]))
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
