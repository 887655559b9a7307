"""Downloading the pictures of a list of addresses, as the lesson does."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from whatsit import collection
from whatsit.collection.download import AT_ONCE
from whatsit.events import note
from whatsit.fastai1.paths import PathOrStr
from whatsit.i18n import Message


def download_images(
    urls: PathOrStr | Iterable[str],
    dest: PathOrStr,
    max_pics: int = 1000,
    max_workers: int = AT_ONCE,
) -> collection.Collection:
    """Download the pictures of a file of addresses, the first `max_pics`, into a class's folder.

    `max_workers` are fetched at once; what failed is counted in a line, with the most frequent reason. With 0
    what failed before is tried again too, one by one, and the first error is raised.
    """
    done = collection.download_images(urls, dest, max_pics, max_workers, retry=max_workers == 0)
    (tally,) = done.classes.values()
    if missing := tally.found - tally.downloaded + tally.broken:
        reasons = Counter(tally.reasons).most_common(1)
        reason = reasons[0][0] if reasons else Message("lesson_data.not_fetched")
        counts = {"count": missing, "found": tally.found, "folder": Path(dest)}
        note(Message("lesson_data.not_downloaded", reason=reason, **counts))
    return done
