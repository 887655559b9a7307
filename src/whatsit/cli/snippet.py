"""`whatsit snippet`: addresses of pictures from your own browser."""

import sys
from typing import Annotated, Literal

import typer

from whatsit.i18n import say


def snippet(
    engine: Annotated[
        Literal["google", "bing", "duckduckgo"],
        typer.Argument(metavar=say("metavar.engine"), help=say("help_pictures.engine")),
    ] = "google",
    name: Annotated[str, typer.Option(metavar=say("metavar.name"), help=say("help_pictures.name"))] = "",
) -> None:
    """Print JavaScript for your browser's console that saves the addresses of the pictures found."""
    from whatsit.collection.snippet import snippet as code
    from whatsit.collection.snippet import steps

    for number, step in enumerate(steps(engine, name), 1):
        print(f"{number}. {step}", file=sys.stderr)
    print(file=sys.stderr, flush=True)
    print(code(name), end="")
