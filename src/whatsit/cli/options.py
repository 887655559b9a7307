"""Options that several commands share, and the config that they make."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from whatsit.checks import plain
from whatsit.config import Precision, Resize
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, say
from whatsit.text import printable

C = TypeVar("C", bound="Config")

if TYPE_CHECKING:
    from whatsit.config import Config

Folder = Annotated[
    Path,
    typer.Argument(metavar=say("metavar.folder"), help=say("help.pictures")),
]
Place = Annotated[Path, typer.Argument(metavar=say("metavar.folder"), help=say("help.place"))]
BundleFile = Annotated[Path, typer.Argument(metavar=say("metavar.bundle"), help=say("help.bundle"))]
EventsFile = Annotated[
    Path | None,
    typer.Option("--events", metavar=say("metavar.file"), help=say("help.events")),
]
Json = Annotated[bool, typer.Option("--json", help=say("help.json"))]
ServedPrecision = Annotated[
    Precision | None,
    typer.Option("--precision", help=say("help.served_precision")),
]
BackboneName = Annotated[str, typer.Option(metavar=say("metavar.name"), help=say("help.backbone"))]
WeightFile = Annotated[Path | None, typer.Option(metavar=say("metavar.file"), help=say("help.weights"))]
Size = Annotated[
    str,
    typer.Option(metavar=say("metavar.pixels"), help=say("help.size")),
]
ResizeMode = Annotated[Resize, typer.Option(help=say("help.resize"))]
SplitSeed = Annotated[int, typer.Option(metavar=say("metavar.number"), help=say("help.split_seed"))]
Group = Annotated[
    str | None,
    typer.Option(metavar=say("metavar.regex"), help=say("help.group")),
]
Recursive = Annotated[bool, typer.Option("--recursive", help=say("help.recursive"))]
ByTime = Annotated[bool, typer.Option("--by-time", help=say("help.by_time"))]
ProjectDir = Annotated[Path | None, typer.Option(metavar=say("metavar.folder"), help=say("help.project"))]
Valid = Annotated[float, typer.Option(metavar=say("metavar.share"), help=say("help.valid"))]

# Of a page on this computer.
Port = Annotated[
    int, typer.Option(metavar=say("metavar.number"), min=0, max=65535, help=say("local_page.port"))
]
RootPath = Annotated[str, typer.Option(metavar=say("metavar.path"), help=say("local_page.root_path"))]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help=say("local_page.no_browser"))]


def side_of_input(size: str) -> int | Literal["auto"]:
    """The value of --size. Raises WhatsitError."""
    if size == "auto":
        return "auto"
    if size.isdecimal():
        return int(size[:9])
    raise WhatsitError(Message("cli.size", size=printable(size)))


def config_of(kind: type[C], context: typer.Context, **others: object) -> C:
    """A config whose fields are the options of a command, and `others`; places become texts."""
    params = {**context.params, **others}
    values: dict[str, Any] = {one.name: plain(params[one.name]) for one in fields(kind) if one.name in params}
    return kind(**values)
