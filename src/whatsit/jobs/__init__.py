"""Tasks in processes of their own: started, followed, cancelled, and found again by any other process."""

from whatsit.jobs.record import Job, State, jobs_of
from whatsit.jobs.starting import resume, start, take_up

__all__ = ["Job", "State", "jobs_of", "resume", "start", "take_up"]
