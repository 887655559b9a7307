"""How commands run a task: checks before it, and where its events go."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.checks import require_place
from whatsit.cli.printing import command_line
from whatsit.errors import WhatsitError
from whatsit.events import Emit, Lines, default, listener, results_only, several, without_epochs
from whatsit.i18n import Message
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.config import Config
    from whatsit.tasks import Result


def run_with(json: bool, config: "Config") -> "Result":
    """Run a task, with its events on the terminal; with `json` only bars and warnings, on stderr."""
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
    what = Message("cli_train.events_file")
    require_place(what, file)
    require_own(what, file, b'{"event": ')
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as lines:
        yield several(emit, Lines(lines))


def require_order(command: str, bundle: object, *others: object) -> None:
    """Raise WhatsitError where a folder is named first and the bundle after it, with the right command."""
    names = [one for one in others if one is not None]
    named_after = next(
        (one for one in names if str(one).endswith(".whatsit") and Path(str(one)).is_file()), None
    )
    if named_after is not None and Path(str(bundle)).is_dir():
        rest = [bundle if one is named_after else one for one in names]
        corrected = command_line(command, named_after, *rest)
        raise WhatsitError(
            Message("cli.bundle_comes_first", folder=printable(str(bundle)), command=corrected)
        )


def require_own(what: Message, out: Path, beginning: bytes) -> None:
    """Raise WhatsitError if there is a file that does not begin as those of Whatsit do."""
    if os.path.lexists(out):
        try:
            with open(out, "rb") as file:
                is_own = file.read(len(beginning)) in (beginning, b"")
        except OSError:
            is_own = False
        if not is_own:
            raise WhatsitError(Message("cli.not_ours", path=out, what=what))
