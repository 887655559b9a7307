"""The report: one HTML file that shows how good a classifier is to people who know no machine learning."""

from whatsit.report.album import MOST
from whatsit.report.page import Report
from whatsit.report.thumbnails import SMALL, known_thumbnails, shrink
from whatsit.report.training import Training
from whatsit.report.words import Phrase, Words

__all__ = ["MOST", "SMALL", "Phrase", "Report", "Training", "Words", "known_thumbnails", "shrink"]
