"""A training that diverged is not to be deployed."""

from collections.abc import Sequence

from whatsit.errors import DivergedError
from whatsit.i18n import Message
from whatsit.training.doctor import FAULTS, Finding


def diverged(findings: Sequence[Finding]) -> DivergedError:
    """The error that its weights or answers are not finite numbers, with what the doctor finds of it."""
    fault = next((finding.message for finding in findings if finding.sign in FAULTS), None)
    if fault is None:
        return DivergedError(Message("training.diverged"))
    return DivergedError(Message("training.diverged_since", fault=fault))
