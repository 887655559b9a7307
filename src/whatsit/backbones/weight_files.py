"""Where a backbone's weights lie on this machine."""

import hashlib
import os
import re
from pathlib import Path

from whatsit.errors import BackboneError
from whatsit.i18n import Message
from whatsit.text import printable

LITE0_ARCHITECTURE = "tf_efficientnet_lite0"  # timm's name for it
# Of weight files, behind a network's name. The hash in the last is how torchvision's are downloaded.
ENDINGS = (".safetensors", ".pth", ".pt", f"-{8 * '[0-9a-f]'}.pth")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def require_name(name: str) -> None:
    """Raise BackboneError for a name that no backbone can have: it becomes a part of file names."""
    if not _NAME.fullmatch(name):
        raise BackboneError(Message("backbone.odd_name", name=printable(name[:80])))


def local_weights(name: str, weights: str | Path | None) -> Path | None:
    """The weight file that was named, or one in the folder WHATSIT_WEIGHTS, or None. Raises BackboneError."""
    if weights is not None:
        if not Path(weights).is_file():
            raise BackboneError(Message("backbone.no_weight_file", path=weights))
        return Path(weights)
    folder = os.environ.get("WHATSIT_WEIGHTS")
    if not folder:
        return None
    own = LITE0_ARCHITECTURE if name == "lite0" else name.split(".")[0]
    patterns = [f"{one}{end}" for one in dict.fromkeys((name, own)) for end in ENDINGS]
    found = (file for pattern in patterns for file in sorted(Path(folder).glob(pattern)))
    return next(filter(Path.is_file, found), None)


def hash_of(file: Path) -> str:
    """The hash of a weight file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
