"""`whatsit teach`: the course page about how training works."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whatsit.cli.local_page import announce
from whatsit.cli.options import NoBrowser, Port, ProjectDir, RootPath
from whatsit.cli.running import event_sink
from whatsit.i18n import say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.teach.rows import Course


def teach(
    folder: Annotated[
        Path | None, typer.Argument(metavar=say("metavar.folder"), help=say("help_teach.folder"))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar=say("metavar.folder"), help=say("help_teach.out"))
    ] = None,
    port: Port = 0,
    root_path: RootPath = "",
    no_browser: NoBrowser = False,
    project: ProjectDir = None,
) -> None:
    """Explain how training works, in a page to try things out."""
    from whatsit.teach import page

    if out is not None:
        page.require_folder(out)
        print(say("teach.written", path=printable(page.write(_course(folder, project), out))))
        return
    page.show(
        lambda: _course(folder, project),
        lambda _, ready: announce(ready, "teach.open", not no_browser),
        port,
        root_path,
    )


def _course(folder: Path | None, project: Path | None) -> "Course":
    from whatsit import events
    from whatsit.teach.data import course

    with events.task(event_sink(json=False)) as finish:
        found = course(folder, project)
        finish({})
    return found
