"""Small pictures by content, so that pages need not decode the large ones again."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from whatsit.errors import ProjectError
from whatsit.project.database import check_schema, connect
from whatsit.text import brief, ending

TABLES = (("CREATE TABLE thumbnails (content BLOB PRIMARY KEY, jpeg BLOB)",),)
JPEG, MOST_BYTES = b"\xff\xd8\xff", 1 << 16
AT_ONCE = 500  # contents in a question


class Thumbnails:
    """JPEG files of small pictures, by the 32 bytes of a picture's SHA-256, in one SQLite file.

    They only save time: where the file can't be used there are none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return brief(self, ending(self.path, 120))

    def put(self, found: Mapping[bytes, bytes]) -> None:
        """Keep them by their content."""
        if found:
            with suppress(ProjectError), connect(self.path) as database, database:
                if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
                    database.execute(TABLES[0][0])
                check_schema(database, self.path, TABLES)
                database.executemany("INSERT OR IGNORE INTO thumbnails VALUES (?, ?)", found.items())

    def get(self, contents: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those that are there, by content."""
        found: dict[bytes, bytes] = {}
        if self.path.is_file():
            with suppress(ProjectError, sqlite3.Error), connect(self.path) as database:
                check_schema(database, self.path, TABLES)
                for start in range(0, len(contents), AT_ONCE):
                    some = contents[start : start + AT_ONCE]
                    marks = ",".join("?" * len(some))
                    is_small = f"typeof(jpeg) = 'blob' AND length(jpeg) <= {MOST_BYTES}"
                    query = f"SELECT * FROM thumbnails WHERE content IN ({marks}) AND {is_small}"
                    rows = database.execute(query, some)
                    found.update(row for row in rows if _is_sound(*row))
        return found


def _is_sound(content: object, jpeg: object) -> bool:
    """Whether this is a small JPEG file, whoever wrote it."""
    return (
        isinstance(content, bytes)
        and isinstance(jpeg, bytes)
        and jpeg.startswith(JPEG)
        and len(jpeg) <= MOST_BYTES
    )
