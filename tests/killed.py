"""A process that moves pictures and is killed before the N-th thing it does to a disk or a database.

Started once, it forks for every request (a line of JSON), so that a kill costs milliseconds.
"""

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tests import ROOT
from whatsit.catalog import Catalog
from whatsit.collection import collect_lists
from whatsit.collection.provider import Found
from whatsit.project import Project
from whatsit.review import Decisions, undo

# Or a kill would hit their loading, and each process would load them again.
for name in ("whatsit.collection.copies", "whatsit.collection.judging", "numpy.ma", "_strptime"):
    import_module(name)

# "trash" or "create" names, "move" or "replace" pairs of names, "collect" addresses, "undo" or "empty",
# "decide" a choice, a label and names, or "take back" so many actions
Step = tuple[str, Sequence[Any]]
TOUCHING = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
NEVER = 0


def read_catalog(images: Path, folder: Path) -> Catalog:
    """The catalog of the table beside the pictures, or of the folder where there is none."""
    table = images / "table.csv"
    place = table if table.exists() else images
    return Catalog.read(place, project=folder, to_train=False)


def perform(project: Project, step: Step, catalog: Catalog | None = None) -> None:
    verb, files = step
    if verb == "decide":
        choice, label, *names = files
        catalog = catalog or read_catalog(project.images, project.folder)
        items = [item for path, item in zip(catalog.paths, catalog, strict=True) if path in names]
        Decisions(catalog).decide(items, choice, label)
        return
    if verb == "take back":
        list(undo(project, *files))
        return
    if verb == "collect":
        collect_lists({"bear": map(Found, files)}, project.images, project=project.folder, allow_private=True)
        return
    with project.lock():
        action = project.journal.begin()
        if verb == "trash":
            action.trash((project.images / name, f"{name} is not a bear") for name in files)
        elif verb == "move":
            action.move((project.images / name, project.images / to, "another bear") for name, to in files)
        elif verb == "create":
            for name in files:
                action.create(project.images / name, name.encode() * 3, "found")
        elif verb == "replace":
            ways = ((project.images / name, project.images / to) for name, to in files)
            action.replace((old, new, os.fsencode(new.name) * 3, "repaired") for old, new in ways)
        elif verb == "undo":
            project.journal.undo()
        elif verb == "empty":
            project.journal.empty()
        else:
            assert verb == "open"


@contextmanager
def another_disk(disk: Path | None) -> Iterator[None]:
    """As if this folder were on another disk: files must be copied to and from it."""
    if disk is None:
        yield
        return

    def crossing(call: Callable[..., None]) -> Callable[..., None]:
        def refusing(here: Path, there: Path, **options: Any) -> None:
            if Path(here).is_relative_to(disk) != Path(there).is_relative_to(disk):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            call(here, there, **options)

        return refusing

    link, rename = os.link, os.rename
    os.link, os.rename = crossing(link), crossing(rename)
    try:
        yield
    finally:
        os.link, os.rename = link, rename


class Killer:
    """Performs a step in a process of its own; True where that was killed before the N-th thing it did."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.killed"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, **pipes)  # type: ignore[call-overload]

    def __call__(self, images: Path, folder: Path, step: Step, before: int, disk: Path | None = None) -> bool:
        request = [str(images), str(folder), step, before, disk and str(disk)]
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        assert answer in ("killed", "done"), answer
        return bool(answer == "killed")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _kill_before(number: int) -> None:
    left = number

    def touch(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, _: tuple[Any, ...]) -> None:
        if event in TOUCHING:
            touch()

    connect = sqlite3.connect

    def connect_and_trace(*words: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*words, **options)
        database.set_trace_callback(touch)
        return database

    def copy_in_halves(here: Path, there: Path, follow_symlinks: bool) -> None:
        if here.is_symlink():
            os.symlink(os.readlink(here), there)
            return
        data = here.read_bytes()
        with open(there, "wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            touch()
            file.write(data[len(data) // 2 :])

    sys.addaudithook(hook)
    sqlite3.connect = connect_and_trace
    shutil.copyfile = copy_in_halves  # type: ignore[assignment]


def _serve() -> None:
    for line in sys.stdin:
        images, folder, step, before, disk = json.loads(line)
        child = os.fork()
        if not child:
            try:
                with another_disk(disk and Path(disk)):
                    catalog = read_catalog(Path(images), Path(folder)) if step[0] == "decide" else None
                    if before != NEVER:
                        _kill_before(before)
                    perform(Project(images, folder), step, catalog)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "failed" if status else "done", flush=True)


if __name__ == "__main__":
    _serve()
