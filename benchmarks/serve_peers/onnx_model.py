"""The network of a bundle in onnxruntime by its defaults, with Pillow, as one writes it by hand."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

SIZE = (224, 224)


class Model:
    """The graph and the classes in the folder that PEER_MODEL names."""

    def __init__(self) -> None:
        folder = Path(os.environ["PEER_MODEL"])
        self.classes: list[str] = json.loads((folder / "classes.json").read_text())
        self._session = onnxruntime.InferenceSession(
            folder / "model.onnx", providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: Image.Image) -> dict[str, float]:
        """The probability of each class."""
        square = ImageOps.fit(image.convert("RGB"), SIZE, Image.Resampling.BICUBIC)
        logits = self._session.run(["logits"], {self._input: np.asarray(square)[None]})[0][0]
        shares = np.exp(logits - logits.max())
        return dict(zip(self.classes, (shares / shares.sum()).tolist(), strict=True))


def ranked(shares: dict[str, float]) -> dict[str, list[tuple[str, float]]]:
    """The answer as the lesson's: pairs of class and probability, the likeliest first."""
    return {"predictions": sorted(shares.items(), key=lambda pair: -pair[1])}
