"""The model card: what a bundle is, how good, trained on what, for whoever is to use it."""

from whatsit.card.card import Card
from whatsit.card.facts import Cleaned, Facts, Source

__all__ = ["Card", "Cleaned", "Facts", "Source"]
