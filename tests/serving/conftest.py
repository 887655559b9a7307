import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import rendered
from tests.serving.served import Served
from whatsit.classifier import Classifier

SMALL = Path(__file__).parents[1] / "fixtures" / "format-2.whatsit"  # ant, bee, cat, dog


@pytest.fixture(scope="session")
def small(cache: Path) -> Classifier:
    """A small classifier of ants, bees, cats and dogs."""
    return Classifier(SMALL)


@pytest.fixture
def serve(small: Classifier) -> Iterator[Callable[..., Served]]:
    """Serves a bundle, by default the small one, on loopback until the test ends."""
    with ExitStack() as served:
        yield lambda bundle=small, **options: served.enter_context(Served(bundle, **options))


@pytest.fixture(scope="session")
def picture() -> bytes:
    return encoded(rendered(1))


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()
