"""Options that several commands share, and how they print."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.understand.metrics import Evaluation

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder with one sub-folder of pictures per class.")
]
BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A .whatsit bundle.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SplitSeed = Annotated[int, typer.Option(help="Deals the validation pictures.")]
Valid = Annotated[float, typer.Option(help="Share of each class kept for validation.")]


def print_json(document: Any) -> None:
    """One document on stdout; what its encoding lacks, as in file names that are no text, is escaped."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=1)
    print(text)


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """A plain table, its first column left-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def print_evaluation(evaluation: "Evaluation") -> None:
    """The headline, the per-class table, and the commonest mistakes."""
    low, high = evaluation.interval
    print(
        f"right on {evaluation.right} of {evaluation.images} pictures: accuracy {evaluation.accuracy:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    rows = [
        [
            printable(label),
            str(row["images"]),
            *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
        ]
        for label, row in evaluation.per_class().items()
    ]
    print_table(["class", "images", "precision", "recall", "f1"], rows)
    for actual, predicted, count in evaluation.most_confused()[:5]:
        pictures = "picture" if count == 1 else "pictures"
        print(f"{count} {pictures} of {printable(actual)} taken for {printable(predicted)}")


def warn_unreadable(catalog: "Catalog") -> None:
    """Name files that were left alone, on stderr."""
    count = len(catalog.unreadable)
    if not count:
        return
    print(f"{count} {'file' if count == 1 else 'files'} left alone:", file=sys.stderr)
    for path, reason in catalog.unreadable[:5]:
        print(f"  {printable(path)}: {reason}", file=sys.stderr)
    if count > 5:
        print(f"  and {count - 5} more", file=sys.stderr)


def printable(path: Path | str) -> str:
    """A path or label on one line, whatever it holds."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
