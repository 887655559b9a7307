"""Small pictures as the lesson's, in a folder and on the web, and networks that need no network."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models

from tests.conftest import rendered
from tests.pictures import put
from tests.site import Site, encoded, respond

CLASSES = ["black", "grizzly", "teddys"]
TINTS = {  # and the least values
    "black": ((0.3, 0.3, 0.3), 0),
    "grizzly": ((1, 0.6, 0.2), 0),
    "teddys": ((0.2, 0.4, 0.9), (204, 153, 25)),
}
EACH = 24  # pictures of a class on the web: the lesson opens the 22nd


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


@pytest.fixture(scope="module")
def pictures() -> Iterator[Site]:
    """A web server with pictures that any network can tell apart: dark, brown and bright ones.

    One in eight is in the list of another class.
    """
    site = Site()
    for kind, label in enumerate(CLASSES):
        for n in range(EACH):
            tint, least = TINTS[CLASSES[(kind + (n % 8 == 7)) % len(CLASSES)]]
            pixels = np.asarray(rendered(100 * kind + n, (96, 96)))
            picture = Image.fromarray((pixels * tint + least).astype(np.uint8))
            site.pages[f"/{label}/{n}.jpg"] = respond(encoded(picture))
    yield site
    site.close()


@pytest.fixture(scope="module")
def resnets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights: there is no network to fetch others from."""
    folder = tmp_path_factory.mktemp("resnets")
    torch.manual_seed(0)
    for name in ("resnet18", "resnet34", "resnet50"):
        torch.save(getattr(models, name)().state_dict(), folder / f"{name}.pth")
    return folder
