"""`python -m whatsit.jobs PROJECT`: do a project's jobs, one after the other, until none waits."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from whatsit.events import Cancelled, Event, Failed, Finished, Lines
from whatsit.i18n import Message
from whatsit.jobs.record import CANCEL, EVENTS, FOLDER, LOCK, Job, jobs_of
from whatsit.project.paths import not_a_link

WAIT = 60.0  # seconds for another worker, which may just be ending


def work(project: Path) -> None:
    """Do the jobs that wait."""
    lock = not_a_link(not_a_link(project / FOLDER, project) / "worker.lock", project)
    while any(job.can_begin for job in jobs_of(project)):
        with suppress(Timeout), FileLock(lock, timeout=WAIT):
            job = next((one for one in jobs_of(project) if one.can_begin), None)
            if job is not None:
                carry_out(job)


def carry_out(job: Job) -> None:
    """Do one job; its events are lines of a file."""
    with FileLock(job.folder / LOCK, timeout=1), open(job.folder / EVENTS, "w", encoding="utf-8") as file:
        (job.folder / "process").write_text(str(os.getpid()))
        lines, cancelled, ends = Lines(file), job.folder / CANCEL, list[Event]()

        def emit(event: Event) -> None:
            lines(event)
            ends.extend([event] if isinstance(event, Failed | Finished) else [])
            if not ends and cancelled.exists():
                raise Cancelled

        try:
            from whatsit import tasks  # here, where a fault is reported; and the parent needs none of it

            tasks.run(job.config(), emit)
        except (Exception, KeyboardInterrupt) as error:
            if not ends:
                lines(Failed("fault", Message("events.fault", kind=type(error).__name__, text=str(error))))


if __name__ == "__main__":
    work(Path(sys.argv[1]))
