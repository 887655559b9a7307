"""The report: one HTML file that shows how good a classifier is to people who know no machine learning."""

from whatsit.report.album import MOST
from whatsit.report.headline import Headline
from whatsit.report.page import Report
from whatsit.report.thumbnails import SMALL, known_thumbnails, shrink
from whatsit.report.training import Training
from whatsit.report.words import RESIZES, Phrase, Words, listed_versions

__all__ = [
    "MOST",
    "RESIZES",
    "SMALL",
    "Headline",
    "Phrase",
    "Report",
    "Training",
    "Words",
    "known_thumbnails",
    "listed_versions",
    "shrink",
]
