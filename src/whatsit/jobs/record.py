"""A job's folder in a project: what is to be done, its events so far, and whether it goes on.

A project may come from a stranger, and a job writes files where its config says. So each record is signed
with a key that never leaves this user's cache folder; others are never carried out.
"""

import errno
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from whatsit.config import Config, absolute
from whatsit.errors import WhatsitError
from whatsit.events import Artifact, Event, Failed, Finished, from_json
from whatsit.i18n import Message
from whatsit.jobs.signing import is_signed, signature
from whatsit.project.files import write_whole
from whatsit.project.paths import check_links, not_a_link
from whatsit.project.records import read_file, read_json, shaped
from whatsit.text import brief

State = Literal["waiting", "running", "finished", "failed", "cancelled", "stopped"]
FOLDER, RECORD, EVENTS, CANCEL, LOCK = "jobs", "job.json", "events.jsonl", "cancel", "lock"
KINDS: dict[str, type[Config]] = {kind.__name__: kind for kind in get_args(Config)}
POLL = 0.05  # seconds between two looks at a file
PATIENCE = 10.0  # seconds that a cancelled job may take to end by itself
VERSION = 1  # of a record
BLOCK = 1 << 16  # bytes from the end of a file in which its last line is looked for first
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES)  # by another job


class Job:
    """One task of a project, in its folder `.whatsit/jobs/0001`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return brief(self, f"{self.folder.name}, {self.state}")

    @property
    def state(self) -> State:
        """`waiting` for its turn, `running`, or how it ended; `stopped` where its process was killed."""
        if self._is_held():
            return "running"
        if self._is_waiting():
            return "waiting"
        last = self._last()
        if isinstance(last, Finished):
            return "finished"
        if isinstance(last, Failed):
            return "cancelled" if last.error == "cancelled" else "failed"
        return "cancelled" if (self.folder / CANCEL).exists() else "stopped"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return not (self._is_held() or self._is_waiting())

    @property
    def can_begin(self) -> bool:
        """Whether it waits, and this user has recorded it."""
        return self._is_waiting() and not self._is_held()

    @property
    def run(self) -> str | None:
        """The folder of the training that it started, where it is one."""
        made = (one.path for one in self.events() if isinstance(one, Artifact) and one.kind == "run")
        return next(made, None)

    def config(self) -> Config:
        """What is to be done. Raises WhatsitError where this user has not recorded it."""
        try:
            check_links(self.folder)
            record = shaped(read_json(self.folder / RECORD), dict[str, Any])
            if record["version"] != VERSION:
                raise WhatsitError(Message("jobs.other_version", folder=self.folder))
            kind, values, signed = record["kind"], record["config"], record["signature"]
            if not is_signed(signed, self.folder, kind, values):
                raise ValueError("it is signed by somebody else")
            config: Config = shaped(values, KINDS[kind])
            return config
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WhatsitError(Message("jobs.not_yours", folder=self.folder)) from error

    def events(self) -> Iterator[Event]:
        """What was reported so far."""
        yield from self._after(0)[0] or self._never_began()

    def follow(self) -> Iterator[Event]:
        """What was reported and what is reported from now on, until the job is over."""
        place = 0
        while True:
            is_over = self.is_over  # before the events are read, or the last ones would be missed
            events, place = self._after(place)
            yield from events
            if is_over:
                yield from [] if place else self._never_began()
                return
            time.sleep(POLL)

    def cancel(self, patience: float = PATIENCE) -> State:
        """Ask the job to end, so that it can go on later; after `patience` seconds its process is killed."""
        (self.folder / CANCEL).touch()
        until = time.monotonic() + patience
        while self._is_held() and time.monotonic() < until:
            time.sleep(POLL)
        if self._is_held():
            with suppress(OSError, ValueError):
                os.kill(int(read_file(self.folder / "process").decode()), getattr(signal, "SIGKILL", 15))
            while self._is_held():
                time.sleep(POLL)
        return self.state

    def _is_held(self) -> bool:
        if not (self.folder / LOCK).exists():
            return False
        try:
            with FileLock(not_a_link(self.folder / LOCK, self.folder), timeout=0):
                return False
        except Timeout:
            return True

    def _is_waiting(self) -> bool:
        if (self.folder / EVENTS).exists() or (self.folder / CANCEL).exists():
            return False
        with suppress(WhatsitError):
            self.config()
            return True
        return False

    def _never_began(self) -> Iterator[Event]:
        """How a job ended that nobody began."""
        if self._is_held() or (self.folder / EVENTS).exists():
            return
        if (self.folder / CANCEL).exists():
            yield Failed("cancelled", Message("events.stopped"))
            return
        try:
            self.config()
        except WhatsitError as error:
            yield Failed("input", error.message)

    def _after(self, place: int) -> tuple[list[Event], int]:
        """What was reported after so many bytes of the file, and how many bytes its whole lines have now."""
        with suppress(OSError):
            text = read_file(self.folder / EVENTS, start=place)
            whole = text[: text.rfind(b"\n") + 1]  # the last line may be torn
            return list(_events(whole)), place + len(whole)
        return [], place

    def _last(self) -> Event | None:
        """What was reported last."""
        with suppress(OSError):
            size = (self.folder / EVENTS).stat().st_size
            block = BLOCK
            while True:
                lines = read_file(self.folder / EVENTS, start=max(0, size - block)).split(b"\n")
                if len(lines) > 2 or block >= size:  # the first may be torn, and the last
                    return next(_events(b"\n".join(lines[-2:])), None)
                block *= 4
        return next(self._never_began(), None)


def _events(lines: bytes) -> Iterator[Event]:
    for line in lines.decode("utf-8", "replace").split("\n"):
        with suppress(ValueError):
            yield from_json(line)


def jobs_of(project: Path) -> list[Job]:
    """The jobs of a project's folder, the oldest first."""
    folder = not_a_link(project / FOLDER, project)
    names = sorted((one.name for one in folder.glob("[0-9]*") if one.name.isdecimal()), key=int)
    return [Job(not_a_link(folder / name, folder)) for name in names]


def record(project: Path, config: Config) -> Job:
    """Write down a new job of a project. Raises WhatsitError for a config with values of another kind."""
    kind, values = type(config).__name__, _plain(config)
    folder = not_a_link(project / FOLDER, project)
    folder.mkdir(exist_ok=True)
    number = max((int(job.folder.name) for job in jobs_of(project)), default=0)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))  # nobody finds a job that is half written
    try:
        while True:
            number += 1
            place = folder / f"{number:04}"
            signed = signature(place, kind, values)
            document = {"version": VERSION, "kind": kind, "config": values, "signature": signed}
            write_whole(new / RECORD, json.dumps(document, indent=1).encode())
            try:
                new.rename(place)
            except OSError as error:
                if error.errno not in TAKEN or not place.exists():
                    raise
            else:
                return Job(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _plain(config: Config) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(json.dumps(asdict(absolute(config))))
        shaped(values, type(config))
    except (TypeError, ValueError) as error:
        what = Message("jobs.bad_config", kind=type(config).__name__, reason=str(error))
        raise WhatsitError(what) from error
    return values
