"""Training pictures whose labels look wrong, and the section of the page that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whatsit.report.sections import Section
from whatsit.report.thumbnails import LARGE, thumbnails
from whatsit.report.words import Words
from whatsit.text import in_folder, printable
from whatsit.web.page import percent

MOST = 12


@dataclass(frozen=True)
class Suspect:
    """A training picture whose label may be wrong: a head that was not trained on it answers `predicted`."""

    path: Path
    label: str
    predicted: str
    probability: float


def suspects_section(suspects: Sequence[Suspect], words: Words) -> Section | None:
    """The most suspicious pictures with what they look like; None where there are none."""
    shown = suspects[:MOST]
    uris = thumbnails([one.path for one in shown], LARGE)
    rows = [
        {
            "uri": uris[one.path],
            "label": printable(one.label),
            "file": in_folder(one.path),
            "caption": words(
                "suspect",
                predicted=printable(one.predicted),
                probability=percent(one.probability),
                label=printable(one.label),
            ),
        }
        for one in shown
        if one.path in uris
    ]
    return {"rows": rows, "how": words("suspects_how", count=len(suspects))} if rows else None
