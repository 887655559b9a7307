"""Fetching pictures: each arrives whole in its class's folder or leaves its reason in the manifest."""

import asyncio
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from whatsit.collection.looks import Look, Looks
from whatsit.collection.manifest import REMOVED, Manifest, Row
from whatsit.collection.politeness import HostQueues
from whatsit.collection.robots import Robots, refuse_opt_out
from whatsit.collection.room import Room, Share
from whatsit.errors import FetchError, ImageError, ProjectError, WhatsitError
from whatsit.fetch import Limits, answer, parse, pieces
from whatsit.formats import SUFFIX_OF
from whatsit.i18n import Message
from whatsit.parallel import threads
from whatsit.project.moving import move_file

if TYPE_CHECKING:
    from whatsit.catalog.fingerprint import Fingerprint

AT_ONCE = 256  # connections
SPARE_FILES = 64  # what else this process may have open
BACKOFF = 0.5  # seconds before the second try
IN_MEMORY = 1 << 18  # bytes of a body; larger ones go to disk as they arrive
ON_DISK = 1 << 30  # bytes of all bodies that are arriving or being judged
JUDGING = "whatsit.collection.judging"


class Downloader:
    """Fetches waiting rows of a manifest into `images`, through `incoming`, a folder of its own.

    `looks` holds what shows copies of every picture that arrived, `faults` what broke Whatsit's own code.
    What has one of the contents `removed`, SHA-256 in hex, is not put in.
    Close it after use.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        images: Path,
        incoming: Path,
        manifest: Manifest,
        limits: Limits,
        backoff: float = BACKOFF,
        removed: Collection[str] = (),
    ) -> None:
        self.looks: Looks = {}
        self.faults: list[str] = []
        self._session, self._images, self._incoming = session, images, incoming
        self._manifest, self._limits, self._backoff = manifest, limits, backoff
        self._removed = removed
        self._robots = Robots(session)
        self._room = Room(ON_DISK, limits.size)
        self._judges = ThreadPoolExecutor(threads())
        # While the first answers are waited for.
        self._loading = self._judges.submit(import_module, JUDGING)
        self._is_closed, self._put_in_now, self._gate = False, 0, threading.Condition()
        self._numbers = itertools.count()

    def close(self) -> None:
        """End the threads that decode what arrived, without waiting: after Ctrl-C that might take long.

        What is being put in is put in whole: that takes a moment.
        """
        with self._gate:
            self._is_closed = True
            self._gate.wait_for(lambda: not self._put_in_now)
        wait([self._loading])  # two threads that import parts of a package at once may block each other
        self._judges.shutdown(wait=False, cancel_futures=True)

    async def one_by_one(self, rows: Sequence[Row], advance: Callable[[Row], None]) -> None:
        """Fetch in order. The first error ends it: FetchError or ImageError, with the address."""
        for row in rows:
            try:
                await self._fetch(row)
            except (FetchError, ImageError) as error:
                self._note_error(row, error)
                raise type(error)(Message("collecting.fetch_error", url=row.url, reason=error)) from error
            advance(row)

    async def all_at_once(
        self, rows: Sequence[Row], advance: Callable[[Row], None], at_once: int = AT_ONCE
    ) -> None:
        """Fetch from many hosts at once; what fails is written down.

        What several classes wait for is fetched once.
        """
        others = _others(rows)
        later = {id(row) for some in others.values() for row in some}

        def end(row: Row) -> None:
            advance(row)
            for other in others.pop(row.url, ()):
                self._do_likewise(other, row)
                advance(other)

        async def work(row: Row) -> None:
            try:
                await self._fetch(row)
            except ImageError as error:
                self._note_error(row, error)
            except (WhatsitError, OSError, MemoryError):
                raise
            except Exception as error:  # one address never ends the work on all others
                self.faults.append(f"{type(error).__name__}: {error}")
                self._note_error(row, FetchError(Message("downloading.fault", fault=self.faults[-1])))
            end(row)

        def fail(row: Row, error: FetchError) -> None:
            self._note_error(row, error)
            end(row)

        def postpone(row: Row, error: FetchError) -> None:
            later = Message("downloading.later", reason=error)
            wait = Message("downloading.wait", reason=error, seconds=error.wait) if error.wait else later
            self._manifest.note(row, "waiting", wait)
            end(row)

        queues = HostQueues(work, fail, postpone, self._limits.per_host, _affordable(at_once), self._backoff)
        await queues.serve((_host(row.url), row) for row in rows if id(row) not in later)

    def _note_error(self, row: Row, error: FetchError | ImageError) -> None:
        self._manifest.note(row, "failed" if isinstance(error, FetchError) else "broken", error.message)

    def _do_likewise(self, row: Row, other: Row) -> None:
        """What became of an address for one class becomes of it for another."""
        if other.status != "new":
            self._manifest.note(row, other.status, other.error)
            return
        with self._part() as part:
            shutil.copyfile(self._images / other.file, part)
            self._accept(row, part, None)

    async def _fetch(self, row: Row) -> None:
        url = parse(row.url)
        if not row.invited:
            await self._robots.refuse_forbidden(url)
        with self._part() as part, self._room.share() as share:
            async with answer(self._session, url, self._limits) as response:
                if response.url.origin() != url.origin():
                    await self._robots.refuse_forbidden(response.url)
                refuse_opt_out(response.headers)
                body = await _receive(response, self._limits.size, part, share)
            await asyncio.get_running_loop().run_in_executor(self._judges, self._accept, row, part, body)

    def _accept(self, row: Row, part: Path, body: bytes | None) -> None:
        """Put in what arrived. Raises ImageError where it is not usable as a picture."""
        from whatsit.collection.judging import judge

        fingerprint = judge(part, body)
        with self._gate:
            if self._is_closed:
                return
            self._put_in_now += 1
        try:
            self._put_in(row, part, fingerprint)
        finally:
            with self._gate:
                self._put_in_now -= 1
                self._gate.notify_all()

    @contextmanager
    def _part(self) -> Iterator[Path]:
        """A file for what arrives, to be moved; it is deleted where that fails."""
        part = self._incoming / f"{next(self._numbers)}.part"
        try:
            yield part
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _put_in(self, row: Row, part: Path, fingerprint: "Fingerprint") -> None:
        """First written down, then moved: after a crash `recover` finds out by the content."""
        suffix = SUFFIX_OF[fingerprint.facts.format]
        look = Look.of(fingerprint)
        if look.content.hex() in self._removed:
            self._manifest.note(row, "removed", REMOVED, sha256=look.content.hex())
            part.unlink()
            return
        name, again = f"{row.number:08}", 1
        while True:
            file = f"{row.label}/{name}{suffix}"
            there = self._images / file
            self._manifest.note(row, "new", file=file, sha256=look.content.hex())
            try:
                move_file(part, there)
                break
            except ProjectError as error:
                if not os.path.lexists(there):
                    self._manifest.note(row, "waiting", error.message)
                    raise
                again += 1
                name = f"{row.number:08}-{again}"
        self.looks[file] = look


def _others(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """By address, the rows that wait for it beside the first one."""
    first: dict[str, Row] = {}
    others: dict[str, list[Row]] = {}
    for row in rows:
        if first.setdefault(row.url, row) is not row:
            others.setdefault(row.url, []).append(row)
    return others


def _host(url: str) -> str:
    try:
        return str(parse(url).origin())
    except FetchError:  # which is raised again when it is fetched
        return ""


def _affordable(at_once: int) -> int:
    """How many connections the system lets this process have: each takes two files at most."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return at_once
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * at_once + SPARE_FILES
    if soft < wanted:
        with suppress(OSError, ValueError):
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(at_once, (soft - SPARE_FILES) // 2))


async def _receive(response: aiohttp.ClientResponse, limit: int, part: Path, share: Share) -> bytes | None:
    """The body, if it is small enough to be kept in memory, or None where it was written to `part`."""
    length = response.content_length
    if length is not None and length <= min(limit, IN_MEMORY) and "Content-Encoding" not in response.headers:
        return await response.read()
    small: list[bytes] = []
    size = 0
    body = pieces(response, limit)
    async for piece in body:
        small.append(piece)
        size += len(piece)
        if size > IN_MEMORY:
            break
    else:
        return b"".join(small)
    await share.grow(size)
    with open(part, "wb") as file:
        file.writelines(small)
        small.clear()
        try:
            async for piece in body:
                await share.grow(len(piece))
                file.write(piece)
        except TimeoutError as error:
            if not share.has_waited:
                raise
            raise FetchError(Message("downloading.waited"), passing=True) from error
    return None
