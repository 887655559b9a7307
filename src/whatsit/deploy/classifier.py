"""A bundle, ready to answer."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_args, overload

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.bundle import Bundle
from whatsit.engine import Engine, Precision
from whatsit.errors import BundleError, ImageError, NetworkError, WhatsitError
from whatsit.images import Picture
from whatsit.parallel import in_parallel
from whatsit.progress import say
from whatsit.trial import require_tried
from whatsit.understand.calibration import softmax
from whatsit.understand.heat_maps import HeatMap
from whatsit.understand.novelty import Novelty
from whatsit.understand.selective import Minimum, minima

_Out = TypeVar("_Out")
NOTHING_LIKE_THIS, NOT_SURE = "nothing like this", "not sure"


@dataclass(frozen=True)
class Prediction:
    """What to say of a picture, and why.

    `label` is the likeliest class, or "nothing like this" where `is_new`, or "not sure" where its probability
    is too low. `likeliest` is that class in any case, `probability` its calibrated probability,
    `probabilities` those of all classes in the bundle's order. `novelty`, 0..1, is how little the picture is
    like any that it was trained on; None where the bundle can't tell.
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
    """What the network said of one picture: `probabilities` (classes,), `pixels`, and where it gives any,
    `features` (width,) and `heat_maps` (classes, h, w).
    """

    probabilities: NDArray[np.float64]
    features: NDArray[np.float32] | None
    pixels: NDArray[np.uint8]
    heat_maps: NDArray[np.float32] | None


class Classifier:
    """Read a bundle and compile it. Raises BundleError for a bundle that can't be trusted.

    Where the likeliest class is less probable than `min_probability` (one number, or numbers by class), the
    answer is "not sure". `precision` is by default the one that the bundle is calibrated at, or "fp32" where
    this processor does not compute in that. Of other precisions a few answers in a thousand differ, which is
    said on stderr.
    """

    def __init__(
        self, path: str | Path, min_probability: Minimum = 0.0, precision: Precision | None = None
    ) -> None:
        self.path = Path(path)
        self.bundle = Bundle.read(path)
        self.classes = self.bundle.classes
        self._minima = minima(min_probability, self.classes)
        self.precision = _usable(precision, self.bundle)
        self.novelty = self._read_novelty()
        try:
            require_tried(self.bundle.network, self.precision)
            self._engine = Engine(self.bundle.network, self.precision)
        except NetworkError as error:
            raise BundleError(f"{path} can't be used: its network {error.what}", "Don't use it.") from error
        except WhatsitError as error:
            raise BundleError(f"{path} can't be used: {error.what}", "Export it again.") from error
        self._require_consistent()

    def _read_novelty(self) -> Novelty | None:
        if self.bundle.novelty is None:
            return None
        try:
            return Novelty.from_bytes(*self.bundle.novelty)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{self.path} has novelty data that makes no sense ({error}).") from error

    def _require_consistent(self) -> None:
        """Raise BundleError where the network is for other pictures or classes than the manifest names."""
        side, classes = self.bundle.preprocess.size, len(self.classes)
        shapes = {name: array.shape for name, array in self._engine.first.items()}
        features, heat_map = shapes.get("features"), shapes.get("heat_map")
        width = self.novelty.centre.shape if self.novelty else (features or ())[1:]
        if (
            self._engine.input_shape != (side, side, 3)
            or shapes.get("logits") != (1, classes)
            or (features is None and self.novelty is not None)
            or (features is not None and (features != (1, *width) or len(width) != 1))
            or (
                heat_map is not None and (heat_map[:2] != (1, classes) or len(heat_map) != 4 or 0 in heat_map)
            )
        ):
            what = f"{self.path} contradicts itself: its network does not fit its manifest."
            raise BundleError(what, "Export it again.")
        self._require_numbers(self._engine.first)

    def _require_numbers(self, answers: dict[str, NDArray[np.float32]]) -> None:
        """Raise BundleError where the network answers with what is not a number."""
        for name, array in answers.items():
            if not np.isfinite(array).all():
                what = f"The network of {self.path} answers with {name} that are not numbers."
                raise BundleError(what, "Its training went wrong: train again, with a smaller learning rate.")

    @property
    def has_heat_maps(self) -> bool:
        """Whether the network says what of a picture speaks for a class."""
        return "heat_map" in self._engine.first

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
        pixels = self.bundle.preprocess.load(image)
        said = self._engine(pixels[None])
        self._require_numbers(said)
        maps = said["heat_map"][0] if "heat_map" in said else None
        features = said["features"][0] if "features" in said else None
        probabilities = softmax(said["logits"], self.bundle.temperature or 1.0)[0]
        return Seen(probabilities, features, pixels, maps)

    def _predict(self, image: Picture) -> Prediction:
        seen = self.see(image)
        best = int(seen.probabilities.argmax())
        probability = float(seen.probabilities[best])
        novelty, is_new = None, False
        if self.novelty is not None and seen.features is not None:
            novelty = float(self.novelty.score(seen.features[None])[0])
            if not np.isfinite(novelty):
                raise BundleError(f"{self.path} has novelty data that makes no sense.", "Export it again.")
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


def _usable(asked: Precision | None, bundle: Bundle) -> Precision:
    """The precision to compute in. Raises WhatsitError for one that this processor does not have."""
    if asked not in (None, *get_args(Precision)):
        raise WhatsitError(
            f"The precision must be fp32 or bf16, not {asked!r}.", "Leave it out to take the bundle's own."
        )
    precision: Precision = asked or bundle.precision
    if precision == "bf16" and engine.best_precision() != "bf16":
        if asked:
            raise WhatsitError("This processor does not compute in bf16.", "Take fp32, or leave it out.")
        precision = "fp32"
    if precision != bundle.precision:
        said = bundle.metrics.get("fp32_agreement")
        is_share = type(said) is float and 0 <= said <= 1
        agreed = f"; both gave the same label for {said:.1%} of its validation pictures" if is_share else ""
        say(f"this bundle is calibrated at {bundle.precision} and answers at {precision}{agreed}.")
    return precision


def _or_error(work: Callable[[Picture], _Out]) -> Callable[[Picture], _Out | ImageError]:
    def attempt(image: Picture) -> _Out | ImageError:
        try:
            return work(image)
        except ImageError as error:
            return error

    return attempt
