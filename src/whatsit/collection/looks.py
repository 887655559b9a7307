"""What is compared to find copies of a picture."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from whatsit.catalog.fingerprint import Fingerprint


class Look(NamedTuple):
    """What is remembered of a picture, little enough for a hundred thousand of them."""

    content: bytes
    hash: int
    pixels: int

    @classmethod
    def of(cls, fingerprint: "Fingerprint") -> "Look":
        """The part of a fingerprint by which copies are found."""
        return cls(fingerprint.content, fingerprint.hash, fingerprint.facts.width * fingerprint.facts.height)


Looks = dict[str, Look]  # by file, relative to the image folder
