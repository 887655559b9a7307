"""Options that several commands share, and the config that they make."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from whatsit.config import Precision, Resize
from whatsit.errors import WhatsitError
from whatsit.text import printable

C = TypeVar("C", bound="Config")

if TYPE_CHECKING:
    from whatsit.config import Config

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
