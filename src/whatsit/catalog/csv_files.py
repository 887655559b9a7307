"""Reading the rows of a CSV file, whichever program wrote it."""

import csv
import io
from pathlib import Path

from whatsit.errors import CatalogError
from whatsit.i18n import Message


def rows_of(file: Path) -> tuple[list[str], list[dict[str, str | None]]]:
    """The header of a CSV file, and its rows by that. Raises CatalogError."""
    try:
        with open(file, "rb") as start:  # PowerShell's > writes UTF-16
            encoding = "utf-16" if start.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = file.read_text(encoding)
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise CatalogError(Message("catalog_table.not_read", file=file, reason=reason)) from error
        raise CatalogError(Message("catalog_table.not_text", file=file)) from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise CatalogError(Message("catalog_table.not_csv", file=file, reason=str(error))) from error
    if first.strip() and not rows:
        raise CatalogError(Message("catalog_table.no_rows", file=file))
    return [name for name in (rows[0] if rows else ()) if name], rows


def column_of(header: str) -> str:
    """The name of a column, which is known in any case: path, label, split or group."""
    name = header.strip()
    return name.lower() if name.lower() in ("path", "label", "split", "group") else name
