"""Review: pictures that look wrong, and what somebody decides of them."""

from whatsit.review.suspect import Choice, Reason, Suspect, Suspects

__all__ = ["Choice", "Reason", "Suspect", "Suspects"]
