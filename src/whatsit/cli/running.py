"""How commands run a task: checks before it, and where its events go."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.commands import command_line
from whatsit.errors import WhatsitError
from whatsit.events import Emit, Event, Lines, Note, default, listener, results_only, several, without_epochs
from whatsit.i18n import Message
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.config import Config
    from whatsit.tasks import Result


def run_with(json: bool, config: "Config", events: Path | None = None) -> "Result":
    """Run a task, with its events on the terminal and in a file; with `json` only bars and warnings show."""
    from whatsit import tasks

    with listening(events, json) as emit, taking_up_jobs(config):
        return tasks.run(config, emit)


@contextmanager
def taking_up_jobs(config: "Config") -> Iterator[None]:
    """After this block, have the jobs done that still wait in its project."""
    from whatsit.project import SIDECAR

    folder, project = getattr(config, "folder", None), getattr(config, "project", None)
    sidecar = Path(project) if project else Path(folder) / SIDECAR if folder else None
    try:
        yield
    finally:
        if sidecar is not None and (sidecar / "jobs").is_dir():
            from whatsit.jobs import take_up
            from whatsit.project import Project

            with suppress(WhatsitError):
                take_up(Project(folder or sidecar.parent, project))


def event_sink(json: bool) -> Emit:
    """What shows events, if nobody listens already: bars and warnings, and without `json` the rest."""
    return listener() or (results_only() if json else _without_doubts(default()))


def _without_doubts(emit: Emit) -> Emit:
    """All but that a model may be guessing: the headline says so too, at the end."""

    def pass_on(event: Event) -> None:
        if not (isinstance(event, Note) and event.message.code == "training.careful"):
            emit(event)

    return pass_on


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
    from whatsit.outputs import require_output

    require_output("events", file)
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as lines:
        yield several(emit, Lines(lines))


def require_order(command: str, bundle: object, *others: object) -> None:
    """Raise WhatsitError where something else is named before the bundle, with the right command."""
    names = [one for one in others if one is not None]
    named_after = next((one for one in names if _is_bundle(one)), None)
    if named_after is not None and not _is_bundle(bundle) and Path(str(bundle)).exists():
        rest = [bundle if one is named_after else one for one in names]
        corrected = command_line(command, named_after, *rest)
        raise WhatsitError(Message("cli.bundle_comes_first", other=printable(str(bundle)), command=corrected))


def _is_bundle(given: object) -> bool:
    return str(given).endswith(".whatsit") and Path(str(given)).is_file()
