"""Training on a catalog."""

from whatsit.training.learner import Learner

__all__ = ["Learner"]
