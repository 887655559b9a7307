"""Whatever the bytes are, there is an answer or one of our own errors; `make soak` tries many more."""

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from whatsit.bundle import Bundle
from whatsit.catalog import Catalog
from whatsit.errors import BundleError, ImageError
from whatsit.images import open_image
from whatsit.preprocess import Preprocess

WHOLE = os.environ.get("WHATSIT_SOAK") == "1"


def campaign(examples: int) -> settings:
    """`examples` in the whole campaign, a twentieth of it otherwise; the same ones in every run."""
    return settings(
        max_examples=examples if WHOLE else examples // 20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


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
def test_quick_decoding_accepts_nothing_that_pillow_refuses(data: st.DataObject) -> None:
    broken = data.draw(damaged(PICTURES[data.draw(st.sampled_from(["JPEG", "progressive JPEG"]))]))
    try:
        open_image(broken, at_least=50)
    except ImageError:
        return
    open_image(broken)


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "b.whatsit"
    Bundle(["a", "b"], Preprocess(), "fp32", b"network", {"accuracy": 1.0}, {"whatsit": "0"}).write(path)
    return path.read_bytes()


@campaign(2000)
@given(data=st.data())
def test_damaged_bundles_are_the_same_or_refused(small_bundle: bytes, data: st.DataObject) -> None:
    broken = data.draw(damaged(small_bundle))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.whatsit"
        path.write_bytes(broken)
        with suppress(BundleError):
            assert Bundle.read(path).network == b"network"


@campaign(1000)
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=30), min_size=2, max_size=4),
    st.floats(0.01, 0.99),
    st.integers(0, 10**6),
)
def test_split_leaves_every_class_something_to_learn_from(
    classes: list[list[int]], share: float, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for label, contents in enumerate(classes):
            (Path(folder) / str(label)).mkdir()
            for number, content in enumerate([-label - 1, *contents]):
                (Path(folder) / str(label) / f"{number}.jpg").write_text(str(content))
        catalog = Catalog.from_folder(folder, share, seed, to_train=False)
        assert catalog.items == Catalog.from_folder(folder, share, seed, to_train=False).items
    sides: dict[str, set[str]] = {}
    for item in catalog:
        sides.setdefault(item.content, set()).add(item.split)
    assert all(len(side) == 1 for side in sides.values())
    assert len(catalog) == sum(len(contents) + 1 for contents in classes)
