"""Feature vectors on disk."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.errors import ProjectError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class FeatureStore:
    """Feature vectors by (recipe, content hash); what a recipe is, the caller decides."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS features (recipe TEXT, content TEXT, vector BLOB, "
                "PRIMARY KEY (recipe, content)) WITHOUT ROWID"
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise ProjectError(
                f"{self.path} can't be used ({error}).",
                "Free some space, name another folder with --project DIR, or delete it: it only saves time.",
            ) from error

    def get(self, recipe: str) -> "dict[str, NDArray[np.float32]]":
        """All vectors of a recipe by content hash."""
        import numpy as np

        with self._open() as database:
            rows = database.execute("SELECT content, vector FROM features WHERE recipe = ?", (recipe,))
            return {content: np.frombuffer(vector, np.float32) for content, vector in rows}

    def put(self, recipe: str, vectors: "Iterable[tuple[str, NDArray[np.float32]]]") -> None:
        """Add vectors, all of them or none."""
        with self._open() as database:
            database.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?, ?)",
                ((recipe, content, vector.tobytes()) for content, vector in vectors),
            )
