"""Review: pictures that look wrong, and what somebody decides of them."""

from whatsit.config import Choice
from whatsit.project.decisions import Decision
from whatsit.review.decisions import Decisions, Judged, Outcome
from whatsit.review.finding import suspects
from whatsit.review.pool import USUAL
from whatsit.review.suspect import Reason, Suspect, Suspects, parse_choice, written_choice
from whatsit.review.table import to_csv
from whatsit.training.opening import opened, pretrained
from whatsit.undoing import HistoryEntry, Undone, history, undo

__all__ = [
    "USUAL",
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
    "opened",
    "parse_choice",
    "pretrained",
    "suspects",
    "to_csv",
    "undo",
    "written_choice",
]
