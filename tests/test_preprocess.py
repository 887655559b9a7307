from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whatsit.preprocess import Preprocess

WIDE = Image.fromarray(np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 100, 0).repeat(3, 2))


def test_crop_keeps_the_middle_square() -> None:
    pixels = Preprocess(size=100, resize="crop")(WIDE)
    assert pixels.shape == (100, 100, 3)
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (50, 149)


def test_squash_keeps_everything_and_pad_keeps_the_shape() -> None:
    squashed = Preprocess(size=100, resize="squash")(WIDE)
    assert squashed[0, 0, 0] < 3
    assert squashed[0, -1, 0] > 196
    padded = Preprocess(size=100, resize="pad")(WIDE)
    assert (padded[:25] == 0).all()
    assert (padded[75:] == 0).all()
    assert padded[50, -1, 0] > 196


def test_record_survives_its_own_dictionary() -> None:
    record = Preprocess(size=160, resize="pad", mean=(0.1, 0.2, 0.3))
    assert Preprocess.from_dict(record.to_dict()) == record


@pytest.mark.parametrize("wrong", [{"size": 0}, {"resize": "melt"}, {"std": (0, 1, 1)}, {"crop_pct": 2}])
def test_impossible_record_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="preprocess"):
        Preprocess(**wrong)  # type: ignore[arg-type]


def test_path_and_bytes_load_the_same_input(photo: Path) -> None:
    record = Preprocess(size=64)
    assert (record.load(photo) == record.load(photo.read_bytes())).all()
