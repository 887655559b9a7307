"""What tells copies of a picture."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from whatsit.catalog.fingerprint import Fingerprint


class Look(NamedTuple):
    """What is remembered of a picture, little enough for a hundred thousand of them."""

    content: bytes
    hash: int
    pixels: int

    @classmethod
    def of(cls, told: "Fingerprint") -> "Look":
        """The part of a fingerprint that tells copies."""
        return cls(told.content, told.hash, told.facts.width * told.facts.height)


Looks = dict[str, Look]  # by file, relative to the image folder
