"""From a picture to an answer: the one road that training, report, bundle and server take."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from whatsit.backbones import Backbone
from whatsit.checks import require_class
from whatsit.config import Precision
from whatsit.engine import OUTPUTS, Engine
from whatsit.errors import ImageError, WhatsitError
from whatsit.heat_map import HeatMap, scaled
from whatsit.i18n import Message
from whatsit.images import Picture
from whatsit.novelty import Novelty
from whatsit.preprocess import Preprocess
from whatsit.probabilities import linear, softmax
from whatsit.tables import table
from whatsit.text import brief, printable

_Answer = TypeVar("_Answer")
Verdict = Literal["known", "unsure", "novel"]
MOST_SHOWN = 5  # classes
DECIMALS = 6  # of a probability that is compared with a threshold
_compiling = threading.Lock()


@dataclass(frozen=True, repr=False)
class Prediction:
    """The answer for one picture.

    `label` is the likeliest class, `probability` its calibrated probability, `probabilities` those of all
    classes in the model's order. `novelty`, 0..1, is how little the picture is like any that the model was
    trained on; None where the model can't know. `verdict` is "novel" where that is above the model's
    threshold, else "unsure" where the probability is below the required minimum, else "known".
    """

    label: str
    verdict: Verdict
    probability: float
    probabilities: dict[str, float]
    novelty: float | None

    def __repr__(self) -> str:
        return brief(self, self._summary.text("en"))

    def _repr_html_(self) -> str:
        likeliest = sorted(self.probabilities.items(), key=lambda pair: -pair[1])
        return table({"class": "", "probability": ".1%"}, likeliest, self._summary, most=MOST_SHOWN)

    def explained(self, found: HeatMap) -> HeatMap:
        """A heat map of the same picture, with this answer as its caption."""
        caption, below = self._in_two_lines
        if found.label != self.label:
            share = self.probabilities[found.label]
            caption = Message("heat_map.answer", label=found.label, probability=share)
            below = Message("heat_map.other", answer=self._summary)
        tone = "good" if self.verdict == "known" else "warn"
        return replace(found, caption=caption, verdict=below, tone=tone)

    @property
    def _in_two_lines(self) -> tuple[Message, Message]:
        """The answer, and what to think of it or what it might be."""
        answer = Message("predict.class", label=self.label, share=self.probability)
        if self.verdict == "novel":
            return Message("heat_map.novel"), Message("heat_map.nearest", answer=answer, novelty=self.novelty)
        if self.verdict == "unsure":
            return Message("heat_map.unsure"), Message("heat_map.perhaps", answer=answer)
        caption = Message("heat_map.answer", label=self.label, probability=self.probability)
        return caption, Message("heat_map.known")

    @property
    def _summary(self) -> Message:
        """The verdict first: for a novel picture the label means little."""
        codes = {"known": "model.known", "unsure": "model.unsure"}
        code = codes.get(self.verdict, "model.novel")
        verdict = Message(code, label=self.label, probability=self.probability)
        if self.novelty is None:
            return verdict
        return Message("model.with_novelty", verdict=verdict, novelty=self.novelty)


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """The answers for n pictures: `features` (n, width), `logits` and `probabilities` (n, classes), and
    `novelty` (n,), computed on first use, None where the model can't know: `known` is None then.
    """

    classes: Sequence[str]
    features: NDArray[np.float32]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    known: Novelty | None = None

    def __len__(self) -> int:
        return len(self.logits)

    def __repr__(self) -> str:
        return brief(self, f"of {len(self)} pictures, {len(self.classes)} classes")

    @property
    def is_finite(self) -> bool:
        """Whether features and logits are numbers."""
        return all(bool(np.isfinite(table).all()) for table in (self.features, self.logits))

    @cached_property
    def novelty(self) -> NDArray[np.float64] | None:
        """How little each picture is like any that the model was trained on (n,), 0..1."""
        return None if self.known is None else self.known.score(self.features)

    @property
    def is_novel(self) -> NDArray[np.bool_]:
        """Which pictures are beyond the threshold (n,)."""
        if self.known is None or self.novelty is None:
            return np.zeros(len(self), np.bool_)
        return self.novelty > self.known.threshold

    def prediction(self, place: int, minima: NDArray[np.float64] | None = None) -> Prediction:
        """The answer for one picture; `minima` (classes,) are the least probabilities to be sure of."""
        probabilities = self.probabilities[place]
        best = int(probabilities.argmax())
        is_sure = minima is None or probabilities[best].round(DECIMALS) >= minima[best]
        return Prediction(
            self.classes[best],
            "novel" if self.is_novel[place] else "known" if is_sure else "unsure",
            float(probabilities[best]),
            dict(zip(self.classes, map(float, probabilities), strict=True)),
            None if self.novelty is None else float(self.novelty[place]),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """Backbone, head, calibration and novelty, ready to answer; call it from as many threads as you like.

    `classes` is the order of all probabilities, `precision` what the backbone computes in. The head is
    `weight` (classes, width) and `bias` (classes,), float32. Logits are divided by `temperature`, if one was
    found, before they become probabilities.
    """

    classes: list[str]
    preprocess: Preprocess
    precision: Precision
    backbone: Backbone
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float | None = None
    novelty: Novelty | None = None

    def __repr__(self) -> str:
        return brief(self, f"{len(self.classes)} classes, {self.backbone.name}, {self.precision}")

    @property
    def engine(self) -> Engine:
        """The compiled backbone. Raises WhatsitError where it can't be compiled."""
        with _compiling:  # once, however many threads ask
            return self._engine

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self.backbone.network, self.precision, OUTPUTS)

    @property
    def has_heat_maps(self) -> bool:
        """Whether the class activation map is exact."""
        return "feature_map" in self.engine.first

    def predict(self, image: Picture, minima: NDArray[np.float64] | None = None) -> Prediction:
        """The answer for a picture: path, bytes or PIL image. Raises ImageError."""
        return self.from_pixels(self.preprocess.load(image)[None]).prediction(0, minima)

    def from_pixels(self, pixels: NDArray[np.uint8]) -> Predictions:
        """The answers for prepared pictures, uint8 (n, size, size, 3). Raises WhatsitError for others."""
        side = self.preprocess.size
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (side, side, 3):
            given = f"{pixels.dtype} {pixels.shape}"
            raise WhatsitError(Message("model.pixels", given=given, side=side))
        return self.from_features(self.engine(pixels)["features"])

    def from_features(self, features: NDArray[np.float32]) -> Predictions:
        """The answers for pictures by their features (n, width). Raises WhatsitError for others."""
        if features.shape != (len(features), self.weight.shape[1]):
            width = self.weight.shape[1]
            raise WhatsitError(Message("model.features", shape=str(features.shape), width=width))
        logits = linear(features, self.weight, self.bias)
        probabilities = softmax(logits, self.temperature or 1.0)
        return Predictions(self.classes, features, logits, probabilities, self.novelty)

    def explain(
        self, image: Picture, label: str | None = None, minima: NDArray[np.float64] | None = None
    ) -> tuple[Prediction, HeatMap]:
        """The answer, and what of the picture speaks for a class, by default the likeliest: its class
        activation map.

        Zhou et al. 2016, "Learning deep features for discriminative localization". Raises ImageError, and
        WhatsitError for an unknown class and where the backbone has no global average pool.
        """
        self.require_heat_maps()
        if label is not None:
            require_class(label, self.classes)
        pixels = self.preprocess.load(image)
        output = self.engine(pixels[None])
        prediction = self.from_features(output["features"]).prediction(0, minima)
        label = prediction.label if label is None else label
        own = self.weight[self.classes.index(label)]
        places = output["feature_map"][0]
        # What speaks for all classes alike decides nothing.
        evidence = np.tensordot(own - self.weight.mean(0), places, 1)
        found = HeatMap(label, pixels, np.tensordot(own, places, 1), scaled(evidence))
        return prediction, prediction.explained(found)

    def require_heat_maps(self) -> None:
        """Raise WhatsitError where the class activation map is not exact."""
        if not self.has_heat_maps:
            raise WhatsitError(Message("model.no_heat_maps", backbone=printable(self.backbone.name)))


def naming(predict: Callable[[Picture], _Answer]) -> Callable[[Picture], _Answer]:
    """The same function, whose errors name the picture where it is a path."""

    def named(image: Picture) -> _Answer:
        try:
            return predict(image)
        except ImageError as error:
            if not isinstance(image, str | os.PathLike):
                raise
            path = printable(os.fspath(image))
            raise type(error)(Message("images.named", path=path, reason=error)) from error

    return named
