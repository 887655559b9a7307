"""A bundle, ready to answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, get_args, overload

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.bundle import Bundle
from whatsit.checks import described, path_of, require_class, require_many
from whatsit.config import Precision
from whatsit.errors import BundleError, ImageError, NetworkError, WhatsitError
from whatsit.events import warn
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message
from whatsit.images import Picture
from whatsit.model import Prediction, Predictions, naming
from whatsit.parallel import in_parallel
from whatsit.probabilities import linear
from whatsit.text import brief, ending
from whatsit.trial import require_tried

Minimum = float | Mapping[str, float]
_Out = TypeVar("_Out")
COMPARED = 2  # pictures of noise, on which the graph's logits are compared with the head's
TINY = 1e-30
ROUNDING = {"fp32": 1e-5, "bf16": 2**-7}  # of a logit, by the sum of all that it is made of


class Classifier:
    """Read a bundle and compile it. Raises BundleError for a bundle that can't be trusted.

    Where the likeliest class is less probable than `min_probability` (one number, or numbers by class), the
    verdict is "unsure". `precision` is by default the one that the bundle is calibrated at, or "fp32" where
    this processor does not compute in that. Of other precisions a few answers in a thousand differ, which is
    reported on stderr.
    """

    def __init__(
        self, path: str | Path, min_probability: Minimum = 0.0, precision: Precision | None = None
    ) -> None:
        self.path = path_of(path, Message("checks.the_bundle"), BundleError, "my-photos.whatsit")
        self.bundle = Bundle.read(path)
        self.classes = self.bundle.classes
        self.min_probability = min_probability
        self.precision = _usable(precision, self.bundle)
        self.model = replace(self.bundle.model, precision=self.precision)
        try:
            require_tried(self.model.backbone.network, self.precision)
            self._require_consistent()
        except NetworkError as error:
            raise BundleError(Message("bundle.unusable", path=path, reason=error)) from error
        except BundleError:
            raise
        except WhatsitError as error:
            raise BundleError(Message("bundle.failed", path=path, reason=error)) from error

    def __repr__(self) -> str:
        about = f"{len(self.classes)} classes, {self.model.backbone.name}, {self.precision}"
        return brief(self, f"{ending(self.path)}, {about}")

    def _repr_html_(self) -> str:
        return self.bundle._repr_html_()

    def _require_consistent(self) -> None:
        """Raise BundleError where the network is for other pictures or classes than the manifest names, or
        its logits are not those of the head.
        """
        side, (classes, width) = self.bundle.model.preprocess.size, self.model.weight.shape
        network = self.model.engine
        shapes = {name: array.shape for name, array in network.first.items()}
        places = shapes.get("feature_map")
        if (
            network.input_shape != (side, side, 3)
            or not {"logits", "features"} <= network.outputs
            or shapes.get("logits") != (1, classes)
            or shapes.get("features") != (1, width)
            or (places is not None and (places[:2] != (1, width) or len(places) != 4 or 0 in places))
            or (self.model.novelty is not None and self.model.novelty.center.shape != (width,))
        ):
            raise BundleError(Message("bundle.other_network", path=self.path))
        noise = np.random.default_rng(0).integers(0, 256, (COMPARED, 1, side, side, 3), np.uint8)
        for output in (network.first, *map(network, noise)):
            self._require_same(output)

    def _require_same(self, output: dict[str, NDArray[np.float32]]) -> None:
        """Raise BundleError where other runtimes, which take the graph's logits, would answer otherwise."""
        if not all(np.isfinite(numbers).all() for numbers in output.values()):
            raise self._not_finite()
        size = linear(np.abs(output["features"]), np.abs(self.model.weight), np.abs(self.model.bias))
        logits = linear(output["features"], self.model.weight, self.model.bias)
        if not (np.abs(output["logits"] - logits) <= ROUNDING[self.precision] * size).all():
            raise BundleError(Message("bundle.other_logits", path=self.path))
        if (places := output.get("feature_map")) is not None:
            apart, bound = places.mean((2, 3)) - output["features"], np.abs(places).mean((2, 3))
            if not (np.abs(apart) <= ROUNDING[self.precision] * bound + TINY).all():
                raise BundleError(Message("bundle.other_features", path=self.path))

    def _require_numbers(self, answers: Predictions) -> Predictions:
        """Raise BundleError where something in the answers is not a number."""
        if not answers.is_finite:
            raise self._not_finite()
        return answers

    def _not_finite(self) -> BundleError:
        return BundleError(Message("bundle.answers_not_finite", path=self.path))

    @property
    def min_probability(self) -> Minimum:
        """Below this probability the verdict is "unsure"; it can be changed at any time."""
        return self._minimum

    @min_probability.setter
    def min_probability(self, minimum: Minimum) -> None:
        self._minima = minima(minimum, self.classes)
        self._minimum = minimum

    @property
    def has_heat_maps(self) -> bool:
        """Whether it can show what of a picture speaks for a class."""
        return self.model.has_heat_maps

    @overload
    def predict(self, image: Picture) -> Prediction: ...
    @overload
    def predict(self, image: list[Picture]) -> list[Prediction]: ...
    def predict(self, image: Picture | list[Picture]) -> Prediction | list[Prediction]:
        """Classify a picture (path, bytes or PIL image) or a list of them. Raises ImageError."""
        predict = naming(self._predict)
        return list(in_parallel(predict, image)) if isinstance(image, list) else predict(image)

    def predict_url(self, url: str, allow_private: bool = False) -> Prediction:
        """Classify the picture at an address: a public one, with `allow_private` also in your own network.

        Raises FetchError, and ImageError for what is not a picture.
        """
        from whatsit import fetch  # aiohttp takes longer to import than all of the rest

        limits, guard = fetch.Limits(), fetch.Guard.of_user(allow_private)

        async def fetched() -> bytes:
            async with fetch.client(limits, guard) as session, fetch.answer(session, url, limits) as response:
                return await fetch.read(response, limits.size)

        return self._predict(fetch.run(fetched()))

    def try_each(self, images: Iterable[Picture]) -> Iterator[Prediction | ImageError]:
        """Predict many, in order, with errors in place of those that are not pictures."""
        return in_parallel(_or_error(self._predict), require_many(images))

    def try_features(self, images: Iterable[Picture]) -> Iterator[NDArray[np.float32] | ImageError]:
        """The features (width,) of many, in order, with errors in place of those that are not pictures.

        `model.from_features` gives the answers.
        """
        look = _or_error(lambda image: self._predictions(image).features[0])
        return in_parallel(look, require_many(images))

    def explain(self, image: Picture, label: str | None = None) -> HeatMap:
        """What of a picture speaks for a class, by default the likeliest.

        Raises ImageError, and WhatsitError for an unknown class and where the backbone gives no heat maps.
        """
        return naming(lambda one: self.model.explain(one, label, self._minima))(image)[1]

    def predict_and_explain(self, image: Picture) -> tuple[Prediction, HeatMap]:
        """What `predict` and `explain` give, in one pass. Raises what they raise."""
        answer, found = naming(lambda one: self.model.explain(one, None, self._minima))(image)
        return self._require_finite(answer), found

    def _predictions(self, image: Picture) -> Predictions:
        pixels = self.model.preprocess.load(image)
        return self._require_numbers(self.model.from_pixels(pixels[None]))

    def _predict(self, image: Picture) -> Prediction:
        return self._require_finite(self._predictions(image).prediction(0, self._minima))

    def _require_finite(self, answer: Prediction) -> Prediction:
        """Raise BundleError where the answer is not in numbers."""
        if not np.isfinite([answer.probability, answer.novelty or 0.0]).all():
            raise self._not_finite()
        return answer


def minima(minimum: Minimum, classes: Sequence[str]) -> NDArray[np.float64]:
    """The minimum probability with which each class is sure: one for all, or by class (0 for others).

    Raises WhatsitError for unknown classes and numbers outside 0..1.
    """
    named = minimum if isinstance(minimum, Mapping) else dict.fromkeys(classes, minimum)
    for label, least in named.items():
        if isinstance(least, bool) or not isinstance(least, int | float | np.number):
            raise WhatsitError(Message("bundle.no_probability", given=described(least)))
        require_class(label, classes)
        if 1 < least <= 100:
            raise WhatsitError(Message("bundle.percent", value=least, meant=least / 100))
        if not 0 <= least <= 1:
            raise WhatsitError(Message("bundle.impossible_probability", value=least))
    return np.array([named.get(label, 0.0) for label in classes])


def _usable(requested: Precision | None, bundle: Bundle) -> Precision:
    """The precision to compute in. Raises WhatsitError for one that this processor does not have."""
    if requested not in (None, *get_args(Precision)):
        raise WhatsitError(Message("network.precision", given=described(requested)))
    precision: Precision = requested or bundle.model.precision
    if precision == "bf16" and engine.best_precision() != "bf16":
        if requested:
            raise WhatsitError(Message("bundle.no_bf16"))
        precision = "fp32"
    if precision != bundle.model.precision:
        warn(Message("bundle.other_precision", own=bundle.model.precision, used=precision))
    return precision


def _or_error(work: Callable[[Picture], _Out]) -> Callable[[Picture], _Out | ImageError]:
    def attempt(image: Picture) -> _Out | ImageError:
        try:
            return work(image)
        except ImageError as error:
            return error

    return attempt
