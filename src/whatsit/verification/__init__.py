"""Is every picture of a folder one? Broken files go to the trash; what is odd is reported or repaired."""

from whatsit.verification.findings import Verification
from whatsit.verification.verifying import verify_images

__all__ = ["Verification", "verify_images"]
