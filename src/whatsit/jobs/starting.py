"""Start a job, in a process that outlives this one."""

import os
import subprocess
import sys
from pathlib import Path

from whatsit.config import Config, ContinueConfig, ResumeConfig, TrainConfig
from whatsit.i18n import language
from whatsit.i18n.language import VARIABLE
from whatsit.jobs.record import Job, jobs_of, record
from whatsit.project import Project


def start(project: Project, config: Config) -> Job:
    """Have a task done for a project: at once, or after the jobs that are there already.

    It goes on when this process ends. Jobs of other projects run beside it.
    """
    job = record(project.folder, config)
    _work(project.folder)
    return job


def take_up(project: Project) -> list[Job]:
    """Have those done that still wait, because whoever had them done was killed; which these are."""
    waiting = [job for job in jobs_of(project.folder) if job.can_begin]
    if waiting:
        _work(project.folder)
    return waiting


def resume(project: Project, job: Job) -> Job:
    """Have a training go on that was stopped or cancelled; other tasks start again. A new job does it."""
    config, run = job.config(), job.run
    if run and isinstance(config, TrainConfig | ResumeConfig | ContinueConfig):
        config = ResumeConfig(run, config.folder, config.out, config.weights, config.project)
    return start(project, config)


_workers: list[subprocess.Popen[bytes]] = []


def _work(folder: Path) -> None:
    """A process that does the jobs that wait, unless another one does."""
    _workers[:] = [one for one in _workers if one.poll() is None]  # which reaps the others
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "whatsit.jobs", str(folder)],  # -P: nothing is imported from here
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, VARIABLE: language()},  # it writes reports and notes in the same language
    )
    _workers.append(worker)
