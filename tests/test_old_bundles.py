"""Bundles of formats 1 to 3 still open, and answer as they did.

tests/fixtures holds one of each: a random network for pictures of 32 pixels, written by the Whatsit of that
time, and its answers to twelve rendered pictures.
"""

import json

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from whatsit.classifier import Classifier

FIXTURES = ROOT / "tests" / "fixtures"


def picture(number: int) -> Image.Image:
    """Colored patches, more of them the higher the number."""
    patches = np.random.default_rng(100 + number).integers(0, 256, (4 + number, 5, 3))
    return Image.fromarray(patches.astype(np.uint8)).resize((32, 32))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.usefixtures("cache")
def test_old_bundle_answers_as_it_did(number: int) -> None:
    classifier = Classifier(FIXTURES / f"format-{number}.whatsit")
    then = json.loads((FIXTURES / f"format-{number}.json").read_text())
    for place, old in enumerate(then):
        answer = classifier.predict(picture(place))
        assert answer.label == old["label"]
        assert answer.probabilities == pytest.approx(old["probabilities"], abs=1e-4)
        assert answer.novelty == pytest.approx(old["novelty"], abs=2e-4)
        assert (answer.verdict == "novel") == old["is_new"]
    assert classifier.has_heat_maps
    assert classifier.explain(picture(0)).values.shape == (4, 4)
