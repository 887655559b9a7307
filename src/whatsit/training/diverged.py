"""A training that diverged is not to be deployed."""

from collections.abc import Sequence

from whatsit.errors import DivergedError
from whatsit.training.doctor import FAULTS, Finding

ADVICE = "Begin again with a tenth of the learning rate."  # where the doctor has none


def diverged(findings: Sequence[Finding]) -> DivergedError:
    """The error that its weights or answers are not finite numbers, with the doctor's advice."""
    advice = next((finding.advice for finding in findings if finding.sign in FAULTS), ADVICE)
    return DivergedError("The training diverged: its weights are not numbers any more.", advice)
