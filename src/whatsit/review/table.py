"""Suspects as a CSV file, which somebody edits and hands back as decisions."""

from csv import writer as csv_writer
from io import StringIO
from pathlib import Path

from whatsit.cells import safe
from whatsit.review.suspect import Suspects

COLUMNS = ("path", "label", "reason", "score", "suggestion", "group", "decision")


def to_csv(suspects: Suspects, root: Path, top: int | None = None) -> bytes:
    """A row for each of the first `top` suspects, by their paths below `root`, with an empty decision.

    Cells that begin like a formula are escaped, which `cells.unsafe` undoes.
    """
    text = StringIO()
    writer = csv_writer(text)
    writer.writerow(COLUMNS)
    for one in suspects[:top]:
        row = {**one.to_dict(root), "decision": ""}
        writer.writerow(["" if row[name] is None else safe(str(row[name])) for name in COLUMNS])
    return text.getvalue().encode("utf-8", "backslashreplace")
