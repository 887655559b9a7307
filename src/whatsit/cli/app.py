"""The commands, put together, with their help in the current language."""

from collections.abc import Callable
from typing import Annotated

import typer

from whatsit import __version__
from whatsit.cli import (
    cache,
    collect,
    demo,
    doc,
    env,
    evaluate,
    export,
    info,
    lr,
    pages,
    predict,
    report,
    review,
    runs,
    serve,
    show,
    snippet,
    suspects,
    train,
    trash,
    undo,
    verify,
)
from whatsit.config import Language
from whatsit.i18n import language, say

COMMANDS: dict[Callable[..., None], str] = {
    collect.collect: "about.collect",
    snippet.snippet: "about.snippet",
    verify.verify: "about.verify",
    show.show: "about.show",
    train.train: "about.train",
    review.review: "about.review",
    lr.lr: "about.lr",
    report.report: "about.report",
    runs.runs: "about.runs",
    suspects.suspects: "about.suspects",
    evaluate.evaluate: "about.evaluate",
    predict.predict: "about.predict",
    info.info: "about.info",
    serve.serve: "about.serve",
    export.export: "about.export",
    demo.demo: "about.demo",
    trash.trash: "about.trash",
    undo.undo: "about.undo",
    undo.history: "about.history",
    cache.cache: "about.cache",
    doc.doc: "about.doc",
    env.env: "about.env",
}


def _shapes() -> tuple[type[pages.Group], type[pages.Command]]:
    """What the program and its commands are."""
    if language() == "en":
        return pages.Group, pages.Command
    from whatsit.cli.chinese import ChineseCommand, ChineseGroup, speak_chinese

    speak_chinese()
    return ChineseGroup, ChineseCommand


Group, Command = _shapes()
app = typer.Typer(
    cls=Group,
    help=say("about.whatsit"),
    epilog=say("about.epilog"),
    context_settings={"help_option_names": ["--help", "-h"]},
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
        bool, typer.Option("--version", callback=_version, is_eager=True, help=say("about.version"))
    ] = False,
    lang: Annotated[Language | None, typer.Option(help=say("about.lang"))] = None,  # see cli.main
) -> None:
    pass


for command, about in COMMANDS.items():
    app.command(cls=Command, help=say(about))(command)
