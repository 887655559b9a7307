"""Options that several commands share, and how they print."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from subprocess import list2cmdline
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from whatsit.checks import require_place
from whatsit.config import Precision, Resize
from whatsit.errors import WhatsitError
from whatsit.events import Emit, Lines, default, listener, results_only, several, without_epochs
from whatsit.events.kinds import without_nan
from whatsit.text import printable

C = TypeVar("C", bound="Config")

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.config import Config
    from whatsit.tasks import Result
    from whatsit.understand.metrics import Evaluation

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="One sub-folder of pictures per class; or a CSV file: path,label."),
]
Place = Annotated[Path, typer.Argument(metavar="FOLDER", help="The image folder; where you are, by default.")]
BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A .whatsit bundle.")]
EventsFile = Annotated[
    Path | None,
    typer.Option(
        "--events", metavar="FILE", help="Also write every event as a line of JSON: progress, epochs, notes."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
ServedPrecision = Annotated[
    Precision | None,
    typer.Option("--precision", help="By default the one that the bundle is calibrated at."),
]
BackboneName = Annotated[str, typer.Option(help="lite0, or a timm name.")]
WeightFile = Annotated[Path | None, typer.Option(help="A local weight file for the backbone.")]
Size = Annotated[
    str,
    typer.Option(metavar="PIXELS", help="Side of the network's input; by default chosen from the pictures."),
]
ResizeMode = Annotated[
    Resize, typer.Option(help="Pictures that are not square: cut the middle, add bars, or stretch.")
]
SplitSeed = Annotated[int, typer.Option(help="Random seed of the train/validation split.")]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX", help="What must stay in one split: its part of the path, or the CSV file's column."
    ),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", help="Accept classes that consist of sub-folders of pictures.")
]
ByTime = Annotated[bool, typer.Option("--by-time", help="Validate on the latest pictures.")]
AS_TRAINED = "by default as the bundle was trained"
ProjectDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where to keep what is computed, if not FOLDER/.whatsit.")
]
Valid = Annotated[float, typer.Option(help="Share of each class kept for validation.")]


def side_of_input(size: str) -> int | Literal["auto"]:
    """What --size says. Raises WhatsitError."""
    if size == "auto":
        return "auto"
    if size.isdecimal():
        return int(size[:9])
    raise WhatsitError(
        f'--size must be "auto" or a number of pixels, not "{printable(size)}".', "Leave it out."
    )


def require_order(command: str, bundle: object, *others: object) -> None:
    """Raise WhatsitError where a folder is named first and the bundle after it, with the right command."""
    names = [one for one in others if one is not None]
    named_after = next(
        (one for one in names if str(one).endswith(".whatsit") and Path(str(one)).is_file()), None
    )
    if named_after is not None and Path(str(bundle)).is_dir():
        rest = [bundle if one is named_after else one for one in names]
        raise WhatsitError(
            f"{printable(str(bundle))} is a folder, and the bundle comes first.",
            f"Type: {command_line(command, named_after, *rest)}",
        )


def config_of(kind: type[C], context: typer.Context, **others: object) -> C:
    """A config whose fields are the options of a command, and `others`; places become texts."""
    params = {**context.params, **others}
    values: dict[str, Any] = {
        one.name: _plain(params[one.name]) for one in fields(kind) if one.name in params
    }
    return kind(**values)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def run_with(json: bool, config: "Config") -> "Result":
    """Carry out a task, with its events on the terminal; with `json` only bars and warnings, on stderr."""
    from whatsit import tasks

    return tasks.run(config, event_sink(json))


def event_sink(json: bool) -> Emit:
    """What shows events, if nobody listens already: bars and warnings, and without `json` the rest."""
    return listener() or (results_only() if json else default())


@contextmanager
def listening(file: Path | None, json: bool, has_epochs: bool = True) -> Iterator[Emit]:
    """What receives the events of a command: the terminal, and a file if one is named.

    Where a program reads stdout, epochs are printed only if they are asked for.
    """
    emit = event_sink(json)
    if not (json or has_epochs or sys.stdout.isatty() or listener()):
        emit = without_epochs(emit)
    if file is None:
        yield emit
        return
    require_place("file of events", file)
    require_own("file of events", file, b'{"event": ')
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as lines:
        yield several(emit, Lines(lines))


def require_own(what: str, out: Path, beginning: bytes) -> None:
    """Raise WhatsitError where another file is there already, which does not begin as those of Whatsit do."""
    if os.path.lexists(out):
        try:
            with open(out, "rb") as file:
                is_own = file.read(len(beginning)) in (beginning, b"")
        except OSError:
            is_own = False
        if not is_own:
            raise WhatsitError(f"{out} is there already and is not a {what}.", "Name another file.")


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
