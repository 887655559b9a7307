"""The report: one HTML file that tells somebody who knows no machine learning how good a classifier is."""

from whatsit.report.page import Report
from whatsit.report.training import Training

__all__ = ["Report", "Training"]
