"""Learning from a catalog."""

from whatsit.train.learner import Learner

__all__ = ["Learner"]
