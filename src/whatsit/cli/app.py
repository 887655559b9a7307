"""The commands, put together."""

from typing import Annotated

import typer

from whatsit import __version__
from whatsit.cli import (
    cache,
    collect,
    demo,
    env,
    evaluate,
    lr,
    predict,
    report,
    runs,
    show,
    snippet,
    train,
    trash,
    verify,
)

app = typer.Typer(
    help="Turn a folder of photos into an image classifier that other people can use.",
    epilog="Add --debug to any command to see where an error came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would double the time to `--help`
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"whatsit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for command in (
    collect.collect,
    snippet.snippet,
    verify.verify,
    show.show,
    train.train,
    lr.lr,
    report.report,
    runs.runs,
    evaluate.evaluate,
    predict.predict,
    demo.demo,
    trash.trash,
    trash.undo,
    cache.cache,
    env.env,
):
    app.command()(command)
