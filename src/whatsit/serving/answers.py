"""What a bundle answers, as JSON."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from whatsit import images
from whatsit.classifier import Classifier
from whatsit.errors import ImageError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message
from whatsit.model import Prediction
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError


def answer(classifier: Classifier, picture: bytes, limits: Limits, explain: bool = False) -> dict[str, Any]:
    """The answer for one picture, with `explain` also where it looked. Raises ProblemError."""
    with usable(picture, limits):
        if not (explain and classifier.has_heat_maps):
            return as_json(classifier.predict(picture))
        prediction, heat = classifier.predict_and_explain(picture)
        return {**as_json(prediction), "explanation": _drawn(heat)}


@contextmanager
def usable(picture: bytes, limits: Limits) -> Iterator[None]:
    """A block that decodes a picture, within limits. Raises ProblemError where it can't be used."""
    if not picture:
        raise ProblemError(400, Message("serve.no_picture"))
    try:
        with images.memory.at_most(limits.decoding):
            yield
    except ImageError as error:
        if error.message.code == "images.many_pixels":
            most = limits.decoding // images.DECODED // 1_000_000
            raise ProblemError(413, Message("serve.many_pixels", most=most)) from error
        raise ProblemError(400, Message("serve.not_usable", reason=error)) from error


def as_json(prediction: Prediction) -> dict[str, Any]:
    """A prediction: `predictions` are pairs of class and probability, the likeliest first."""
    ranked = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    return {
        "predictions": [list(pair) for pair in ranked],
        "label": prediction.label,
        "verdict": prediction.verdict,
        "novelty": prediction.novelty,
    }


def _drawn(heat: HeatMap) -> dict[str, str]:
    """The picture as the network sees it, and the evidence over it, both to show in a page."""
    return {
        "label": heat.label,
        "picture": _url(Image.fromarray(heat.pixels), "JPEG"),
        "overlay": _url(heat.layer(), "PNG"),
    }


def _url(image: Image.Image, format: str) -> str:
    data = io.BytesIO()
    image.save(data, format)
    return f"data:image/{format.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
