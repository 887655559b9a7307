"""A bundle, ready to answer."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.bundle import Bundle
from whatsit.engine import Engine
from whatsit.errors import BundleError, ImageError, WhatsitError
from whatsit.images import Source, upright_rgb
from whatsit.parallel import in_parallel
from whatsit.understand.calibration import softmax
from whatsit.understand.heat_maps import HeatMap
from whatsit.understand.novelty import Novelty
from whatsit.understand.selective import Minimum, minima

Picture = Source | Image.Image
_Out = TypeVar("_Out")
NOTHING_LIKE_THIS, NOT_SURE = "nothing like this", "not sure"


@dataclass(frozen=True)
class Prediction:
    """What to say of a picture, and why.

    `label` is the likeliest class, or "nothing like this" where `is_new`, or "not sure" where its probability
    is too low. `likeliest` is that class in any case, `probability` its calibrated probability,
    `probabilities` those of all classes in the bundle's order. `novelty`, 0..1, is how little the picture is
    like any that was learnt; None where the bundle can't tell.
    """

    label: str
    likeliest: str
    probability: float
    probabilities: dict[str, float]
    novelty: float | None
    is_new: bool
    is_sure: bool


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network said of one picture: `probabilities` (classes,), `features` (width,), `pixels`, and
    `heat_maps` (classes, h, w) where it gives any.
    """

    probabilities: NDArray[np.float64]
    features: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    heat_maps: NDArray[np.float32] | None


class Classifier:
    """Read a bundle and compile it. Raises BundleError for a bundle that can't be trusted.

    Where the likeliest class is less probable than `min_probability` (one number, or numbers by class), the
    answer is "not sure".
    """

    def __init__(self, path: str | Path, min_probability: Minimum = 0.0) -> None:
        self.bundle = Bundle.read(path)
        self.classes = self.bundle.classes
        self._minima = minima(min_probability, self.classes)
        try:
            self._engine = Engine(self.bundle.network, self.bundle.precision)
        except WhatsitError as error:
            raise BundleError(f"{path} can't be used: {error.what}", "Export it again.") from error
        side, outputs = self.bundle.preprocess.size, self._engine.outputs
        contradicts = f"{path} contradicts itself: its network does not fit its manifest."
        if self._engine.input_shape != (side, side, 3) or outputs.get("logits") != (len(self.classes),):
            raise BundleError(contradicts, "Export it again.")
        self.novelty: Novelty | None = None
        if self.bundle.novelty is not None:
            try:
                self.novelty = Novelty.from_bytes(*self.bundle.novelty)
            except (KeyError, TypeError, ValueError) as error:
                raise BundleError(f"{path} has novelty data that makes no sense ({error}).") from error
            if outputs.get("features") != self.novelty.centre.shape:
                raise BundleError(contradicts, "Export it again.")

    @property
    def has_heat_maps(self) -> bool:
        """Whether the network says what of a picture speaks for a class."""
        return "heat_map" in self._engine.outputs

    def require_heat_maps(self) -> None:
        """Raise WhatsitError where the network gives none."""
        if not self.has_heat_maps:
            raise WhatsitError(
                "This bundle gives no heat maps: its backbone does not end in an average of places.",
                "Where it was trained, `whatsit report RUN` draws them by gradients.",
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
        return in_parallel(_or_error(self._predict), images)

    def try_to_see(self, images: Iterable[Picture]) -> Iterator[Seen | ImageError]:
        """What the network says of many, in order, with errors in place of what is no picture."""
        return in_parallel(_or_error(self.see), images)

    def explain(self, image: Picture, label: str | None = None) -> HeatMap:
        """What of a picture speaks for a class, by default the likeliest.

        Raises WhatsitError for a class that there is not, and where the network gives no heat maps.
        """
        self.require_heat_maps()
        if label is not None and label not in self.classes:
            raise WhatsitError(f"There is no class {label!r}.", f"Take {', '.join(self.classes[:20])}.")
        seen = self.see(image)
        number = int(seen.probabilities.argmax()) if label is None else self.classes.index(label)
        assert seen.heat_maps is not None
        return HeatMap.exact(self.classes[number], number, seen.pixels, seen.heat_maps)

    def see(self, image: Picture) -> Seen:
        """All that the network says of a picture. Raises ImageError."""
        prepare = self.bundle.preprocess
        pixels = prepare(upright_rgb(image)) if isinstance(image, Image.Image) else prepare.load(image)
        said = self._engine(pixels[None])
        maps = said["heat_map"][0] if "heat_map" in said else None
        probabilities = softmax(said["logits"], self.bundle.temperature or 1.0)[0]
        return Seen(probabilities, said["features"][0], pixels, maps)

    def _predict(self, image: Picture) -> Prediction:
        seen = self.see(image)
        best = int(seen.probabilities.argmax())
        probability = float(seen.probabilities[best])
        novelty, is_new = None, False
        if self.novelty is not None:
            novelty = float(self.novelty.score(seen.features[None])[0])
            is_new = novelty > self.novelty.threshold
        is_sure = bool(probability >= self._minima[best])
        likeliest = self.classes[best]
        return Prediction(
            NOTHING_LIKE_THIS if is_new else likeliest if is_sure else NOT_SURE,
            likeliest,
            probability,
            dict(zip(self.classes, map(float, seen.probabilities), strict=True)),
            novelty,
            is_new,
            is_sure,
        )


def _or_error(work: Callable[[Picture], _Out]) -> Callable[[Picture], _Out | ImageError]:
    def attempt(image: Picture) -> _Out | ImageError:
        try:
            return work(image)
        except ImageError as error:
            return error

    return attempt
