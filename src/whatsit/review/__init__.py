"""Review: pictures that look wrong, and what somebody decides of them."""

from whatsit.config import Choice
from whatsit.project.decisions import Decision
from whatsit.review.decisions import Decisions, Judged, Outcome
from whatsit.review.suspect import Reason, Suspect, Suspects
from whatsit.undoing import HistoryEntry, Undone, history, undo

__all__ = [
    "Choice",
    "Decision",
    "Decisions",
    "HistoryEntry",
    "Judged",
    "Outcome",
    "Reason",
    "Suspect",
    "Suspects",
    "Undone",
    "history",
    "undo",
]
