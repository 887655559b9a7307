"""A small folder as the lesson's."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import rendered
from tests.pictures import put

CLASSES = ["black", "grizzly", "teddys"]


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    """Eight drawn pictures of each of three classes, and the lists of addresses beside them."""
    for kind, label in enumerate(CLASSES):
        for n in range(8):
            put(tmp_path / "bears" / label / f"{n:08}.jpg", rendered(100 * kind + n, (64, 48)))
        put(tmp_path / "bears" / f"urls_{label}.txt", b"")
    return tmp_path / "bears"


@pytest.fixture(autouse=True)
def unseeded() -> Iterator[None]:
    """NumPy's generator as in a new process, and afterwards as it was."""
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.MT19937())
    yield
    np.random.set_bit_generator(before)
