"""How commands print: JSON, tables, an evaluation, notes, and commands to type."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from subprocess import list2cmdline
from typing import TYPE_CHECKING, Any

from whatsit.events.kinds import without_nan
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.understand.metrics import Evaluation


def print_json(document: Any) -> None:
    """One document on stdout; what its encoding lacks, as in file names that are not text, is escaped.

    JSON has no NaN and no Infinity: these are null.
    """
    document = without_nan(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=1, allow_nan=False)
    print(text)


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """A plain table, its first column left-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def print_evaluation(evaluation: "Evaluation", is_whole: bool = True, most: int = 5) -> None:
    """The headline, the per-class table where the whole is asked for, and the commonest mistakes."""
    print(
        f"right on {evaluation.right} of {evaluation.images} pictures: accuracy {evaluation.accuracy:.1%} "
        f"({evaluation.range_in_words})"
    )
    rows = [
        [
            printable(label),
            str(row["images"]),
            *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
        ]
        for label, row in evaluation.per_class().items()
    ]
    if is_whole:
        print_table(["class", "images", "precision", "recall", "f1"], rows)
    if evaluation.unanswered is not None:
        print(f"wrong, since the answer is not a number: {evaluation.unanswered.sum()}")
    mistakes = evaluation.most_confused()
    for actual, predicted, count in mistakes[:most]:
        pictures = "picture" if count == 1 else "pictures"
        print(f"{count} {pictures} of {printable(actual)} taken for {printable(predicted)}")
    if len(mistakes) > most:
        print(f"and {sum(count for *_, count in mistakes[most:])} other mistakes")


def print_notes(catalog: "Catalog") -> None:
    """Say on stderr what looks odd, and which files were left alone."""
    for warning in catalog.warnings:
        print(f"note: {printable(warning)}", file=sys.stderr)
    list_unreadable(catalog)


def list_unreadable(catalog: "Catalog") -> None:
    """Name on stderr the files that were left alone, and why."""
    count = len(catalog.unreadable)
    if count:
        print(f"{count} {'file' if count == 1 else 'files'} left alone:", file=sys.stderr)
    for path, reason in catalog.unreadable[:5]:
        print(f"  {printable(path)}: {reason}", file=sys.stderr)
    if count > 5:
        print(f"  and {count - 5} more", file=sys.stderr)


def named(folder: object, project: Path | None) -> list[object]:
    """A folder and its project as they are typed after a command."""
    return [folder, "--project", project] if project else [folder]


def command_line(*words: object) -> str:
    """A command of this program as it is typed in a shell."""
    plain = [printable(str(word)) for word in (program(), *words)]
    return list2cmdline(plain) if os.name == "nt" else shlex.join(plain)


def program() -> str:
    """What to type to call Whatsit from here."""
    beside = Path(sys.executable).with_name("whatsit")
    return "whatsit" if shutil.which("whatsit") or not beside.exists() else os.path.relpath(beside)
