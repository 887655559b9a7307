"""The report: one HTML file that tells somebody who knows no machine learning how good a classifier is."""

from whatsit.understand.report.page import Report
from whatsit.understand.report.training import Training

__all__ = ["Report", "Training"]
