"""What an expert would write by hand for this job: PyTorch eager features, then logistic regression.

python -m benchmarks.expert FOLDER     (train/, validation/ and test/ inside; prints one JSON line)
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.peers import timm_lite0

PREPARE = transforms.Compose(
    [
        transforms.Resize(224, transforms.InterpolationMode.BICUBIC),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.5] * 3),
    ]
)


@torch.inference_mode()
def features(folder: Path, body: torch.nn.Module) -> tuple[np.ndarray, np.ndarray]:
    data = ImageFolder(folder, PREPARE, loader=lambda path: Image.open(path).convert("RGB"))
    found = [(body(x.to(memory_format=torch.channels_last)), y) for x, y in DataLoader(data, 32)]
    return torch.cat([x for x, _ in found]).numpy(), torch.cat([y for _, y in found]).numpy()


def main() -> None:
    root, splits = Path(sys.argv[1]), sys.argv[2:]
    body = timm_lite0()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    model.fit(*features(root / "train", body))
    right = {split: model.predict(x) == y for split in splits for x, y in [features(root / split, body)]}
    print(json.dumps({split: [int(hits.sum()), len(hits)] for split, hits in right.items()}))


if __name__ == "__main__":
    main()
