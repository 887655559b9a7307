"""From a few words, or lists of addresses, to a clean folder of pictures."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from whatsit.checks import described, is_count, path_of
from whatsit.collection.download import AT_ONCE, BACKOFF, Downloader
from whatsit.collection.following import LOCK, follow, removed_by_review, show_moves
from whatsit.collection.lists import read_list
from whatsit.collection.looks import Looks
from whatsit.collection.manifest import LARGEST_NUMBER, REMOVED, Manifest, Row, storable
from whatsit.collection.provider import Found, Provider
from whatsit.collection.recovery import recover
from whatsit.collection.search import in_words, providers, search
from whatsit.collection.tally import Collection, Tally
from whatsit.config import License
from whatsit.errors import CollectError
from whatsit.events import progress, progress_of_several, warn
from whatsit.fetch import Guard, Limits, client, run
from whatsit.formats import SUFFIXES, is_hidden
from whatsit.i18n import Message
from whatsit.project import MANIFEST, SIDECAR, Project
from whatsit.project.paths import not_a_link
from whatsit.text import printable, shortened

MAX_PICS = 200
LONGEST_LABEL = 200  # bytes of a folder's name
# On Windows these are devices, with any suffix too (learn.microsoft.com/windows/win32/fileio/naming-a-file).
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def collect(
    *classes: str,
    into: str | Path,
    max_pics: int = MAX_PICS,
    source: str = "auto",
    license: License = "any",
    retry: bool = False,
    allow_private: bool = False,
    project: str | Path | None = None,
) -> Collection:
    """Search, download, verify and de-duplicate pictures: a class for each of `classes`, words or NAME=words.

    Goes on where an earlier call was stopped; with `retry`, what failed is tried again. Raises CollectError
    where no provider answers or a class can't have that name.
    """
    wanted = named(classes)
    if not is_count(max_pics, 0):
        raise CollectError(Message("collecting.bad_max_pics", given=described(max_pics)))
    with _only_one(into, project, wanted) as collecting:
        run(_search(collecting, wanted, max_pics, providers(source), license, allow_private))
        return collecting.fetch(list(wanted), retry, allow_private)


def collect_lists(
    lists: Mapping[str, Iterable[Found]],
    into: str | Path,
    max_pics: int | None = None,
    retry: bool = False,
    allow_private: bool = False,
    project: str | Path | None = None,
    max_workers: int = AT_ONCE,
    limits: Limits | None = None,
    backoff: float = BACKOFF,
) -> Collection:
    """Download, verify and de-duplicate the pictures of lists of addresses, by class; see `collect`."""
    if not is_count(max_workers, 0):
        raise CollectError(Message("collecting.bad_workers", given=described(max_workers)))
    if not (max_pics is None or is_count(max_pics, 1)):
        raise CollectError(Message("collecting.no_pics", given=described(max_pics)))
    for label in lists:
        _check_label(label)
    with _only_one(into, project, lists) as collecting:
        for label, found in lists.items():
            collecting.add(label, list(dict.fromkeys(found))[:max_pics])
        return collecting.fetch(list(lists), retry, allow_private, max_workers, limits, backoff)


def download_images(
    urls: str | os.PathLike[str] | Iterable[str | Found],
    dest: str | os.PathLike[str],
    max_pics: int | None = None,
    max_workers: int = AT_ONCE,
    retry: bool = False,
    allow_private: bool = False,
    limits: Limits | None = None,
) -> Collection:
    """Download pictures, the first `max_pics`, into a class's folder `dest`.

    `urls` is the file of a list, or addresses, or what `search_images` found. With `max_workers=0` they are
    fetched one by one, and the first error is raised (FetchError, ImageError). The manifest and the project
    belong to the folder above `dest`.
    """
    folder = path_of(dest, "dest", CollectError).absolute()
    if isinstance(urls, str | os.PathLike):
        _require_file(urls)
        found = read_list(urls)
    else:
        found = _addresses(urls)
    return collect_lists(
        {folder.name: found},
        folder.parent,
        max_pics,
        retry,
        allow_private,
        max_workers=max_workers,
        limits=limits,
    )


def _require_file(urls: object) -> None:
    """Raise CollectError for one address in the place of a file's path."""
    if isinstance(urls, str) and "://" in urls:
        address = shortened(urls, 80)
        raise CollectError(Message("collecting.one_address", address=address))


def _addresses(urls: object) -> list[Found]:
    if not isinstance(urls, Iterable):
        raise CollectError(Message("collecting.no_list", given=described(urls)))
    found = [Found(url) if isinstance(url, str) else url for url in urls]
    for one in found:
        if not isinstance(one, Found):
            raise CollectError(Message("collecting.no_address", given=described(one)))
    return found


def named(classes: Sequence[str]) -> dict[str, str]:
    """Search words by class: "grizzly bear", or NAME=words for another name. Raises CollectError."""
    wanted: dict[str, str] = {}
    for one in classes:
        if not isinstance(one, str):
            raise CollectError(Message("collecting.no_text", given=described(one)))
        name, equals, words = one.partition("=")
        label, words = name.strip(), (words if equals else name).strip()
        if not words:
            raise CollectError(Message("collecting.no_words", given=printable(one)))
        _check_label(label)
        if label in wanted:
            raise CollectError(Message("collecting.same_name", label=label))
        wanted[label] = words
    if not wanted:
        raise CollectError(Message("collecting.nothing"))
    return wanted


def _check_label(label: str) -> None:
    """Raise CollectError for what can't be a folder's name on every system."""
    is_taken = label.casefold() == MANIFEST or DEVICES.fullmatch(label) is not None
    is_odd = is_hidden(label) or label.strip(" .") != label or is_taken
    if not label or is_odd or not label.isprintable() or set(label) & set('/\\:*?"<>|'):
        raise CollectError(Message("collecting.bad_name", label=printable(label[:80])))
    if len(label.encode()) > LONGEST_LABEL:
        raise CollectError(Message("collecting.long_name", label=printable(label[:40])))


class _Collecting:
    """A folder that is being collected into."""

    def __init__(self, project: Project, labels: Iterable[str]) -> None:
        self.project = project
        for label in labels:
            if (project.images / label).is_symlink():
                raise CollectError(Message("collecting.link", folder=project.images / label))
        self.manifest = Manifest(project.images / MANIFEST)
        self.incoming = project.folder / "incoming"
        self.notes: list[Message] = []
        show_moves(project, self.manifest)
        self.removed = removed_by_review(project)
        recover(project, self.incoming, self.manifest)

    def add(self, label: str, found: Iterable[Found], words: str = "", most: int | None = None) -> None:
        """Note addresses that are new, at most as many as makes `most` for these words."""
        known = self.manifest.of(label)
        addresses = self.manifest.rows.get(label, {})
        removed = self._removed_addresses()
        new = [one for one in found if (url := storable(one.url)) not in addresses and url not in removed]
        if most is not None:
            new = new[: max(0, most - sum(row.words == words for row in known))]
        last = max([row.number for row in known], default=-1)
        self.manifest.add(label, new, words, max(last, _last_number(self.project.images / label)) + 1)

    def fetch(
        self,
        labels: Sequence[str],
        retry: bool = False,
        allow_private: bool = False,
        max_workers: int = AT_ONCE,
        limits: Limits | None = None,
        backoff: float = BACKOFF,
    ) -> Collection:
        """Fetch what waits for the classes, and keep one of each picture."""
        limits = limits or Limits()
        rows = [row for label in labels for row in self.manifest.of(label)]
        for row in rows:
            if retry and row.status in ("failed", "broken"):
                self.manifest.note(row, "waiting")
        removed = self._removed_addresses()
        self.manifest.note_all(
            (row, "removed", REMOVED) for row in rows if row.status == "waiting" and row.url in removed
        )
        waiting = [row for row in rows if row.status == "waiting"]
        left: Looks = {}
        try:
            looks = run(self._download(waiting, allow_private, max_workers, limits, backoff))
            from whatsit.catalog.duplicates import duplicate_groups  # takes a while, which was used
            from whatsit.collection.copies import settle

            for label in labels if any(row.status == "new" for row in rows) else ():
                left |= settle(self.project, self.manifest, label, looks)
        finally:
            self.manifest.tidy()
        groups = duplicate_groups(left)
        shared = [group for group in groups if len({file.partition("/")[0] for file in group}) > 1]
        if shared:
            one, other = shared[0][0], shared[0][-1]
            count = len(shared)
            self.notes.append(Message("collecting.two_classes", count=count, one=one, other=other))
        reasons = self.manifest.reasons
        tallies = {label: Tally.of(self.manifest.of(label), reasons) for label in labels}
        return Collection(self.project.images, self.manifest.path, tallies, self.notes)

    def _removed_addresses(self) -> set[str]:
        """The addresses of pictures that a review removed, whichever class they were found for."""
        return {row.url for row in self.manifest if row.status == "removed"}

    async def _download(
        self, rows: Sequence[Row], allow_private: bool, at_once: int, limits: Limits, backoff: float
    ) -> Looks:
        totals = Counter(row.label for row in rows)
        with progress_of_several(totals) as advance:
            async with client(limits, Guard.of_user(allow_private)) as session:
                loader = Downloader(
                    session, self.project.images, self.incoming, self.manifest, limits, backoff, self.removed
                )

                def show_progress(row: Row) -> None:
                    advance[row.label]()

                try:
                    if at_once:
                        await loader.all_at_once(rows, show_progress, at_once)
                    else:
                        await loader.one_by_one(rows, show_progress)
                finally:
                    loader.close()
        if loader.faults:
            count = len(loader.faults)
            self.notes.append(Message("collecting.faults", count=count, fault=loader.faults[0]))
        return loader.looks


async def _search(
    collecting: _Collecting,
    wanted: Mapping[str, str],
    most: int,
    sources: Sequence[Provider],
    license: License,
    allow_private: bool,
) -> None:
    with progress("searching", len(wanted)) as advance:
        async with client(Limits(), Guard.of_user(allow_private)) as session:
            for label, words in wanted.items():
                known = sum(row.words == words for row in collecting.manifest.of(label))
                if known < most:
                    try:
                        done = await search(session, words, most, sources, license)
                    except CollectError as error:
                        if not known:
                            raise
                        found_before = Message("collecting.found_before", label=label, reason=error)
                        collecting.notes.append(found_before)
                    else:
                        collecting.add(label, done.found, words, most)
                        answers = in_words(done)
                        collecting.notes.append(Message("collecting.searched", label=label, sources=answers))
                advance()


@contextmanager
def _only_one(into: str | Path, folder: str | Path | None, labels: Iterable[str]) -> Iterator[_Collecting]:
    """The only collecting of classes into a folder; another one is waited for, with a warning."""
    is_new = not os.path.lexists(path_of(into, "into", CollectError))
    project = Project(into, folder)
    lock = FileLock(not_a_link(project.folder / LOCK, project.folder))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        warn(Message("collecting.waiting", folder=into))
        lock.acquire()
    try:
        yield _Collecting(project, labels)
    finally:
        lock.release()
        follow(project)
        if is_new and os.listdir(into) == [SIDECAR]:  # nothing was collected
            shutil.rmtree(into)


def _last_number(folder: Path) -> int:
    """The highest number of a picture that is there already, whoever put it there."""
    names = [Path(name) for name in os.listdir(folder)] if folder.is_dir() else []
    return max(
        (
            number
            for name in names
            if name.stem.isdecimal() and name.suffix.lower() in SUFFIXES
            if (number := int(name.stem)) < LARGEST_NUMBER
        ),
        default=-1,
    )
