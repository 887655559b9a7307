"""A job's folder in a project: what is to be done, its events so far, and whether it goes on.

A project may come from a stranger, and a job writes files where its config says. So each record is signed
with a key that never leaves this user's cache folder; others are never carried out.
"""

import hashlib
import hmac
import json
import os
import secrets
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from whatsit.config import Config
from whatsit.errors import WhatsitError
from whatsit.events import Event, Failed, Finished, from_json
from whatsit.project.cache import cache_dir
from whatsit.project.files import write_whole
from whatsit.project.paths import check_links, not_a_link
from whatsit.project.records import read_file, read_json, shaped
from whatsit.text import brief

State = Literal["waiting", "running", "finished", "failed", "cancelled", "stopped"]
FOLDER, RECORD, EVENTS, CANCEL, LOCK = "jobs", "job.json", "events.jsonl", "cancel", "lock"
KINDS: dict[str, type[Config]] = {kind.__name__: kind for kind in get_args(Config)}
POLL = 0.05  # seconds between two looks at a file
PATIENCE = 10.0  # seconds that a cancelled job may take to end by itself


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
        last = next(iter(deque(self.events(), maxlen=1)), None)
        if isinstance(last, Finished):
            return "finished"
        if isinstance(last, Failed):
            return "cancelled" if last.error == "cancelled" else "failed"
        if (self.folder / CANCEL).exists():
            return "cancelled"
        return "stopped" if (self.folder / EVENTS).exists() else "waiting"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state not in ("waiting", "running")

    @property
    def can_begin(self) -> bool:
        """Whether it waits, and this user has recorded it."""
        with suppress(WhatsitError):
            check_links(self.folder)
            self.config()
            return self.state == "waiting"
        return False

    def config(self) -> Config:
        """What is to be done. Raises WhatsitError where this user has not recorded it."""
        try:
            record = shaped(read_json(self.folder / RECORD), dict[str, Any])
            kind, values, signature = record["kind"], record["config"], record["signature"]
            if not hmac.compare_digest(signature, _signature(self.folder.name, kind, values)):
                raise ValueError("it is signed by somebody else")
            config: Config = shaped(values, KINDS[kind])
            return config
        except (OSError, ValueError, TypeError, KeyError) as error:
            what = f"{self.folder} is not a job that you started."
            raise WhatsitError(what, "Delete that folder, and start the task again.") from error

    def events(self) -> Iterator[Event]:
        """What was reported so far."""
        yield from self._after(0)[0]

    def _after(self, place: int) -> tuple[list[Event], int]:
        """What was reported after so many bytes of the file, and how many bytes its whole lines have now."""
        found: list[Event] = []
        with suppress(OSError):
            text = read_file(self.folder / EVENTS)[place:]
            whole = text[: text.rfind(b"\n") + 1]  # the last line may be torn
            for line in whole.decode("utf-8", "replace").split("\n"):
                with suppress(ValueError):
                    found.append(from_json(line))
            place += len(whole)
        return found, place

    def follow(self) -> Iterator[Event]:
        """What was reported and what is reported from now on, until the job is over."""
        place = 0
        while True:
            is_over = self.is_over  # before the events are read, or the last ones would be missed
            events, place = self._after(place)
            yield from events
            if is_over:
                return
            time.sleep(POLL)

    def cancel(self, patience: float = PATIENCE) -> State:
        """Ask the job to end, so that it can go on later; after `patience` seconds its process is killed."""
        (self.folder / CANCEL).touch()
        until = time.monotonic() + patience
        while self.state == "running" and time.monotonic() < until:
            time.sleep(POLL)
        if self.state == "running":
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


def jobs_of(project: Path) -> list[Job]:
    """The jobs of a project's folder, the oldest first."""
    folder = not_a_link(project / FOLDER, project)
    names = sorted((one.name for one in folder.glob("[0-9]*") if one.name.isdecimal()), key=int)
    return [Job(not_a_link(folder / name, folder)) for name in names]


def record(project: Path, config: Config) -> Job:
    """Write down a new job of a project."""
    folder = not_a_link(project / FOLDER, project)
    folder.mkdir(exist_ok=True)
    number = max((int(job.folder.name) for job in jobs_of(project)), default=0)
    while True:
        number += 1
        with suppress(FileExistsError):  # another process took the number
            (folder / f"{number:04}").mkdir()
            break
    place = folder / f"{number:04}"
    kind, values = type(config).__name__, json.loads(json.dumps(asdict(config)))
    document = {"kind": kind, "config": values, "signature": _signature(place.name, kind, values)}
    write_whole(place / RECORD, json.dumps(document, indent=1).encode())
    return Job(place)


def _signature(name: str, kind: str, values: Any) -> str:
    text = json.dumps([name, kind, values], sort_keys=True).encode()
    return hmac.new(_key(), text, hashlib.sha256).hexdigest()


def _key() -> bytes:
    """This user's key, made when it is first needed."""
    file = cache_dir() / "jobs.key"
    try:
        return read_file(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process made it
            handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
        return read_file(file)
