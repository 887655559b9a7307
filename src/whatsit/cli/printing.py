"""How commands print: JSON, tables, an evaluation, notes, and commands to type."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.events.kinds import without_nan
from whatsit.i18n import Message, say
from whatsit.text import printable
from whatsit.wide import cells, to_left, to_right

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.report import Headline
    from whatsit.understand.metrics import Evaluation

MOST_FILES = 3  # that are named
SPLITS = {"train": "printed.train", "valid": "printed.valid", "test": "printed.test"}


def print_json(document: Any) -> None:
    """One document on stdout; what its encoding lacks, as in file names that are not text, is escaped.

    JSON has neither NaN nor Infinity: these are null.
    """
    document = without_nan(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")  # text in memory has none
    except UnicodeEncodeError:
        text = json.dumps(document, indent=1, allow_nan=False)
    print(text)


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """A plain table, its first column left-aligned."""
    widths = [max(cells(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        others = [to_right(cell, width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([to_left(row[0], widths[0]), *others]).rstrip())


def print_headline(headline: "Headline") -> None:
    """How good it is, and the counts behind that."""
    for message in (*headline.messages, headline.measured):
        print(printable(message))


def _share(value: float | None) -> str:
    return say("printed.undefined") if value is None else f"{value:.3f}"


def print_evaluation(
    evaluation: "Evaluation",
    is_whole: bool = True,
    most: int = 5,
    files: Mapping[tuple[str, str], list[str]] = {},
    novel: Mapping[tuple[str, str], int] = {},
) -> None:
    """The table of classes, if the whole is wanted, and the commonest mistakes.

    `files` are the pictures of an actual class that were mistaken for another; a few of them are named.
    `novel` is how many of them are answered with "nothing like this".
    """
    rows = [
        [
            printable(label),
            str(row["images"]),
            *(_share(row[name] if row["images"] else None) for name in ("precision", "recall", "f1")),
        ]
        for label, row in evaluation.per_class().items()
    ]
    if is_whole:
        header = ("printed.class", "printed.pictures", "printed.precision", "printed.recall", "printed.f1")
        print_table([say(name) for name in header], rows)
    if evaluation.unanswered is not None:
        print(say("printed.unanswered", count=int(evaluation.unanswered.sum())))
    mistakes = evaluation.most_confused()
    for actual, predicted, count in mistakes[:most]:
        paths = files.get((actual, predicted), [])
        values = {
            "actual": printable(actual),
            "predicted": printable(predicted),
            "novel": _novel(novel.get((actual, predicted), 0)),
            "files": Message("printed.files", files=paths) if len(paths) == count <= MOST_FILES else "",
        }
        print(say("printed.mistake", count=count, **values))
    if others := mistakes[most:]:
        unlike = _novel(sum(novel.get((actual, predicted), 0) for actual, predicted, _ in others))
        print(say("printed.more_mistakes", count=sum(count for *_, count in others), novel=unlike))


def _novel(count: int) -> Message | str:
    return Message("printed.novel", count=count) if count else ""


def print_notes(catalog: "Catalog") -> None:
    """Print on stderr what looks odd, and which files are not used."""
    for warning in catalog.warnings:
        print(say("printed.note", text=printable(warning)), file=sys.stderr)
    list_unreadable(catalog)


def list_unreadable(catalog: "Catalog") -> None:
    """Name on stderr the files that are not used, and why."""
    count = len(catalog.unreadable)
    if count:
        print(say("printed.unreadable", count=count), file=sys.stderr)
    for path, reason in catalog.unreadable[:5]:
        print(f"  {say('printed.file', path=printable(path), reason=reason)}", file=sys.stderr)
    if count > 5:
        print(f"  {say('printed.more', count=count - 5)}", file=sys.stderr)


def named(folder: object, project: Path | None) -> list[object]:
    """A folder and its project as they are typed after a command."""
    return [folder, "--project", project] if project else [folder]
