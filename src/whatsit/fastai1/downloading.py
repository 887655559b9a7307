"""Downloading the pictures of a list of addresses, as the lesson does."""

from collections import Counter
from collections.abc import Iterable

from whatsit import collection
from whatsit.collection.download import AT_ONCE
from whatsit.events import note
from whatsit.fastai1.explained import explained
from whatsit.fastai1.paths import PathOrStr
from whatsit.i18n import Message


@explained
def download_images(
    urls: PathOrStr | Iterable[str],
    dest: PathOrStr,
    max_pics: int = 1000,
    max_workers: int = AT_ONCE,
) -> collection.Collection:
    """Download the pictures of a file of addresses, the first `max_pics`, into a class's folder.

    `max_workers` are fetched at once; how many failed, and most often why, is printed. With 0 they are
    fetched one by one, also those that failed before, and the first error is raised.
    """
    done = collection.download_images(urls, dest, max_pics, max_workers, retry=max_workers == 0)
    (tally,) = done.classes.values()
    missing = tally.found - tally.downloaded + tally.broken  # without those that a review removed
    for why, _ in Counter(tally.reasons).most_common(1 if missing else 0):
        note(Message("lesson_data.not_downloaded", folder=dest, count=missing, reason=why))
    return done
