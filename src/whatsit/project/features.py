"""Feature vectors on disk."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.project.database import check_schema, connect
from whatsit.project.paths import reading
from whatsit.text import brief, ending

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ADVICE = "Free some space, name another folder with --project DIR, or delete it: it only saves time."
TABLE = (
    "CREATE TABLE features (recipe TEXT, content TEXT, vector BLOB, PRIMARY KEY (recipe, content)) "
    "WITHOUT ROWID"
)


class FeatureStore:
    """Feature vectors by (recipe, content hash); what a recipe is, the caller decides."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as database:
            database.execute(TABLE.replace("TABLE", "TABLE IF NOT EXISTS", 1))
            check_schema(database, path, ((TABLE,),))

    def __repr__(self) -> str:
        return brief(self, ending(self.path, 120))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with connect(self.path, ADVICE) as database, database:
            yield database

    def get(self, recipe: str) -> "dict[str, NDArray[np.float32]]":
        """All vectors of a recipe by content hash."""
        import numpy as np

        with self._open() as database, reading(self.path):
            rows = database.execute("SELECT content, vector FROM features WHERE recipe = ?", (recipe,))
            return {content: np.frombuffer(vector, np.float32) for content, vector in rows}

    def put(self, recipe: str, vectors: "Iterable[tuple[str, NDArray[np.float32]]]") -> None:
        """Add vectors, all of them or none."""
        with self._open() as database:
            database.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?, ?)",
                ((recipe, content, vector.tobytes()) for content, vector in vectors),
            )
