"""Whatever the bytes are, there is an answer or one of our own errors; `make soak` tries many more."""

import io
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import campaign
from tests.hostile import WEIGHT, network, write
from whatsit.bundle import Bundle
from whatsit.errors import BundleError, ImageError
from whatsit.images import examine, open_image


def pictures() -> dict[str, bytes]:
    dice = np.random.default_rng(0)
    image = Image.fromarray(dice.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((160, 120))
    found = {}
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        buffer = io.BytesIO()
        image.save(buffer, format)
        found[format] = buffer.getvalue()
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", progressive=True)
    return {**found, "progressive JPEG": buffer.getvalue()}


PICTURES = pictures()


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with some bytes changed, a piece left out, or its end cut off."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(data)))
        del data[start : start + draw(st.integers(0, len(data)))]
    return bytes(data)


@campaign(4000)
@given(st.data())
def test_damaged_pictures_open_or_are_refused(data: st.DataObject) -> None:
    broken = data.draw(damaged(PICTURES[data.draw(st.sampled_from(sorted(PICTURES)))]))
    with suppress(ImageError):
        assert open_image(broken).mode == "RGB"


@campaign(4000)
@given(st.data())
def test_nothing_is_accepted_that_pillow_refuses(data: st.DataObject) -> None:
    broken = data.draw(damaged(PICTURES[data.draw(st.sampled_from(sorted(PICTURES)))]))
    with suppress(ImageError):
        open_image(broken)
        with Image.open(io.BytesIO(broken)) as image:
            image.load()


@campaign(4000)
@given(st.data())
def test_quick_decoding_accepts_nothing_that_pillow_refuses(data: st.DataObject) -> None:
    broken = data.draw(damaged(PICTURES[data.draw(st.sampled_from(["JPEG", "progressive JPEG"]))]))
    try:
        open_image(broken, at_least=50)
        assert examine(broken, at_least=50, grey=True)[0].mode == "L"
    except ImageError:
        return
    open_image(broken)


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "b.whatsit"
    return write(path, network()).read_bytes()


@campaign(2000)
@given(data=st.data())
def test_damaged_bundles_are_the_same_or_refused(small_bundle: bytes, data: st.DataObject) -> None:
    broken = data.draw(damaged(small_bundle))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.whatsit"
        path.write_bytes(broken)
        with suppress(BundleError):
            model = Bundle.read(path).model
            assert model.backbone.network == network()
            assert (model.weight == WEIGHT).all()
