"""What a bundle answers, as JSON."""

import base64
import io
from contextlib import suppress
from typing import Any

from PIL import Image

from whatsit.classifier import Classifier
from whatsit.errors import ImageError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message
from whatsit.images import FORMATS
from whatsit.model import Prediction
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError


def answer(classifier: Classifier, picture: bytes, limits: Limits, explain: bool = False) -> dict[str, Any]:
    """The answer for one picture, with `explain` also where it looked. Raises ProblemError."""
    try:
        require_small(picture, limits)
        found = as_json(classifier.predict(picture))
        if explain and classifier.has_heat_maps:
            found["explanation"] = _drawn(classifier.explain(picture))
        return found
    except ImageError as error:
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


def require_small(picture: bytes, limits: Limits) -> None:
    """Raise ProblemError for nothing, and for a picture that would take too much memory to decode."""
    if not picture:
        raise ProblemError(400, Message("serve.no_picture"))
    pixels = most = 0
    with suppress(Exception), Image.open(io.BytesIO(picture), formats=FORMATS) as image:
        # The first are decoded at a smaller scale. What is not a picture is reported where it is decoded.
        is_scaled = image.format in ("JPEG", "MPO") and "progressive" not in image.info
        pixels, most = image.width * image.height, limits.pixels if is_scaled else limits.pixels_otherwise
    if pixels > most:
        raise ProblemError(413, Message("serve.many_pixels", most=most // 1_000_000))


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
