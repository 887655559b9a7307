"""The rows of a CSV file or data frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatsit.catalog.csv_files import rows_of
from whatsit.errors import CatalogError
from whatsit.events import note
from whatsit.i18n import Message


@dataclass(frozen=True)
class Table:
    """The columns of a table by their names, in their order."""

    columns: Mapping[str, Sequence[Any]]

    @classmethod
    def from_csv(cls, file: Path) -> "Table":
        """Those of a CSV file with a header. Raises CatalogError."""
        header, rows = rows_of(file)
        return cls({name: [(row[name] or "").strip() for row in rows] for name in header})

    @classmethod
    def from_df(cls, df: Any) -> "Table":
        """Those of a data frame, of pandas or polars."""
        return cls({str(name): list(df[name]) for name in df.columns})

    def column(self, which: int | str) -> Sequence[Any]:
        """A column by its place or name. Raises CatalogError where there is none."""
        names = list(self.columns)
        name = names[which] if isinstance(which, int) and -len(names) <= which < len(names) else which
        if name not in names:
            raise CatalogError(Message("lesson_data.no_column", column=str(which), columns=names))
        return self.columns[str(name)]

    def files(self, which: int | str, folder: Path, suffix: str = "") -> list[Path]:
        """The paths in a column, which count from a folder and may lack their suffix.

        Raises CatalogError where none of them is there.
        """
        files = [folder / f"{name}{suffix}" for name in self.column(which)]
        if files and not any(map(Path.is_file, files)):
            raise CatalogError(Message("lesson_data.none_there", path=files[0]))
        if missing := [file for file in files if not file.is_file()]:
            note(Message("lesson_data.some_missing", count=len(missing), path=missing[0]))
        return files
