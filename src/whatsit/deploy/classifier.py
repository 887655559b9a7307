"""A bundle, ready to answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.bundle import Bundle
from whatsit.engine import Engine
from whatsit.errors import BundleError, ImageError, WhatsitError
from whatsit.images import Source, upright_rgb
from whatsit.parallel import in_parallel

Picture = Source | Image.Image


@dataclass(frozen=True)
class Prediction:
    """The likeliest class, its probability, and all probabilities by class, in the bundle's order."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Classifier:
    """Read a bundle and compile it. Raises BundleError for a bundle that can't be trusted."""

    def __init__(self, path: str | Path) -> None:
        self.bundle = Bundle.read(path)
        self.classes = self.bundle.classes
        try:
            self._engine = Engine(self.bundle.network, self.bundle.precision)
        except WhatsitError as error:
            raise BundleError(f"{path} can't be used: {error.what}", "Export it again.") from error
        side, outputs = self.bundle.preprocess.size, self._engine.outputs
        if self._engine.input_shape != (side, side, 3) or outputs.get("logits") != (len(self.classes),):
            raise BundleError(
                f"{path} contradicts itself: its network does not fit its manifest.", "Export it again."
            )

    @overload
    def predict(self, image: Picture) -> Prediction: ...
    @overload
    def predict(self, image: list[Picture]) -> list[Prediction]: ...
    def predict(self, image: Picture | list[Picture]) -> Prediction | list[Prediction]:
        """Say what is on a picture (path, bytes or PIL image) or a list of them. Raises ImageError."""
        if not isinstance(image, list):
            return self._predict(image)
        return list(in_parallel(self._predict, image))

    def try_each(self, images: Iterable[Picture]) -> Iterator[Prediction | ImageError]:
        """Predict many, in order, handing out the error in place of an answer where a file is no picture."""

        def attempt(image: Picture) -> Prediction | ImageError:
            try:
                return self._predict(image)
            except ImageError as error:
                return error

        return in_parallel(attempt, images)

    def _predict(self, image: Picture) -> Prediction:
        prepare = self.bundle.preprocess
        pixels = prepare(upright_rgb(image)) if isinstance(image, Image.Image) else prepare.load(image)
        probabilities = _softmax(self._engine(pixels[None])["logits"][0])
        best = int(probabilities.argmax())
        by_class = dict(zip(self.classes, map(float, probabilities), strict=True))
        return Prediction(self.classes[best], float(probabilities[best]), by_class)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(powers / powers.sum())
