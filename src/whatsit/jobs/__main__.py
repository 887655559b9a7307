"""`python -m whatsit.jobs PROJECT`: do a project's jobs, one after the other, until none waits."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from whatsit.events import Cancelled, Event, Failed, Lines
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
    from whatsit import tasks  # the parent needs none of it

    with FileLock(job.folder / LOCK, timeout=1), open(job.folder / EVENTS, "w", encoding="utf-8") as file:
        (job.folder / "process").write_text(str(os.getpid()))
        lines, cancelled = Lines(file), job.folder / CANCEL

        def emit(event: Event) -> None:
            lines(event)
            if not isinstance(event, Failed) and cancelled.exists():
                raise Cancelled

        with suppress(Exception, KeyboardInterrupt):  # the last event says what it was
            tasks.run(job.config(), emit)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
