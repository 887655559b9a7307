"""Can every picture of a folder be read? Broken files go to the trash; odd ones are reported or repaired."""

from whatsit.verification.findings import Verification
from whatsit.verification.verifying import verify_images

__all__ = ["Verification", "verify_images"]
