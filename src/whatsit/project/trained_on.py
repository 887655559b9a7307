"""What a run was trained on: the SHA-256 of every picture, in the run and nowhere else.

In a bundle they would tell a stranger which pictures were used.
"""

import json
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from whatsit.project.files import write_whole
from whatsit.project.records import read_json, shaped

TRAINED_ON = "trained-on.json"
_SHA256 = re.compile("[0-9a-f]{64}")


def load_trained_on(run: Path) -> frozenset[str] | None:
    """The SHA-256, as hex, of the pictures a run was trained on; None where that is not known."""
    with suppress(OSError, ValueError):
        kept = shaped(read_json(run / TRAINED_ON), list[str])
        if all(map(_SHA256.fullmatch, kept)):
            return frozenset(kept)
    return None


def note_trained_on(run: Path, contents: Collection[str]) -> None:
    """Write down that a run is trained on these, beside those that it was trained on before."""
    before = load_trained_on(run) or frozenset()
    if not before.issuperset(contents):
        write_whole(run / TRAINED_ON, json.dumps(sorted(before.union(contents)), indent=0).encode())
