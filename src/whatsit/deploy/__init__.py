"""Using a bundle. Needs no torch."""

from whatsit.deploy.classifier import Classifier, Prediction

__all__ = ["Classifier", "Prediction"]
