"""The report: one HTML file that tells somebody who knows no machine learning how good a classifier is."""

from whatsit.understand.report.page import Report, Training

__all__ = ["Report", "Training"]
