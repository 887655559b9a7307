"""A training that diverged is not to be deployed."""

from typing import TYPE_CHECKING

import numpy as np

from whatsit.errors import DivergedError
from whatsit.train.doctor import FAULTS

if TYPE_CHECKING:
    from whatsit.train.learner import Learner

ADVICE = "Begin again with a tenth of the learning rate."  # where the doctor has none


def require_finite(learner: "Learner") -> None:
    """Raise DivergedError, with the doctor's advice, where weights or answers are not finite numbers."""
    if learner.has_finite_weights and np.isfinite(learner.predict()).all():
        return
    findings = learner.diagnose().findings if learner.fits else []
    advice = next((finding.advice for finding in findings if finding.sign in FAULTS), ADVICE)
    raise DivergedError("The training diverged: its weights are not numbers any more.", advice)
