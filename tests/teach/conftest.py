"""The page as a folder, written once."""

from pathlib import Path

import pytest

from whatsit.teach.data import course
from whatsit.teach.page import write


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The English page; the Chinese one is beside it."""
    return write(course(), tmp_path_factory.mktemp("course") / "page")
