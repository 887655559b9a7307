"""Fetching pictures: each arrives whole in its class's folder or leaves its reason in the manifest."""

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import aiohttp

from whatsit.catalog.fingerprint import Fingerprint, fingerprint
from whatsit.collection.copies import Looks, look_of
from whatsit.collection.manifest import Manifest, Row
from whatsit.collection.politeness import Crowd
from whatsit.collection.robots import Robots, refuse_opt_out
from whatsit.engine import threads
from whatsit.errors import FetchError, ImageError, ProjectError
from whatsit.fetch import Limits, answer, parse, pieces
from whatsit.images import SUFFIX_OF
from whatsit.project.moving import move_file

SMALLEST = 32  # pixels: the shorter side of what can be a photo
AT_ONCE = 256  # connections
BACKOFF = 0.5  # seconds before the second try


class Downloader:
    """Fetches the waiting rows of a manifest into `images`, through `incoming`, a folder of its own.

    `looks` holds what tells copies of every picture that arrived.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        images: Path,
        incoming: Path,
        manifest: Manifest,
        limits: Limits,
        backoff: float = BACKOFF,
    ) -> None:
        self.looks: Looks = {}
        self._session, self._images, self._incoming = session, images, incoming
        self._manifest, self._limits, self._backoff = manifest, limits, backoff
        self._robots = Robots(session)
        self._judges = ThreadPoolExecutor(threads())

    async def one_by_one(self, rows: Sequence[Row], advance: Callable[[Row], None]) -> None:
        """Fetch in order. The first error ends it: FetchError or ImageError, with the address."""
        for row in rows:
            try:
                await self._fetch(row)
            except (FetchError, ImageError) as error:
                self._note_error(row, error)
                raise type(error)(f"{row.url}: {error.what}") from error
            advance(row)

    async def all_at_once(
        self, rows: Sequence[Row], advance: Callable[[Row], None], at_once: int = AT_ONCE
    ) -> None:
        """Fetch from many hosts at once; what fails is written down."""

        async def work(row: Row) -> None:
            try:
                await self._fetch(row)
            except ImageError as error:
                self._note_error(row, error)
            advance(row)

        def fail(row: Row, error: FetchError) -> None:
            self._note_error(row, error)
            advance(row)

        def postpone(row: Row, error: FetchError) -> None:
            self._manifest.note(row, "waiting", f"{error.what} and asks to wait {error.wait or 0:.0f} s")
            advance(row)

        crowd = Crowd(work, fail, postpone, self._limits.per_host, at_once, self._backoff)
        await crowd.serve((_host(row.url), row) for row in rows)

    def _note_error(self, row: Row, error: FetchError | ImageError) -> None:
        self._manifest.note(row, "failed" if isinstance(error, FetchError) else "broken", error.what)

    async def _fetch(self, row: Row) -> None:
        url = parse(row.url)
        if not row.invited and not await self._robots.allow(url):
            raise FetchError("the robots.txt of its site forbids it")
        part = self._incoming / f"{uuid.uuid4().hex}.part"
        try:
            async with answer(self._session, row.url, self._limits) as response:
                refuse_opt_out(response.headers)
                with open(part, "wb") as file:
                    async for piece in pieces(response, self._limits.size):
                        file.write(piece)
            told = await asyncio.get_running_loop().run_in_executor(self._judges, _judge, part)
            self._put_in(row, part, told)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)

    def _put_in(self, row: Row, part: Path, told: Fingerprint) -> None:
        """First written down, then moved: after a crash `recover` finds out by the content."""
        suffix = SUFFIX_OF[told.facts.format]
        name, again = f"{row.number:08}", 1
        while True:
            file = f"{row.label}/{name}{suffix}"
            self._manifest.note(row, "new", file=file, sha256=told.content.hex())
            try:
                move_file(part, self._images / file)
                break
            except ProjectError:
                if not os.path.lexists(self._images / file):
                    raise
                again += 1
                name = f"{row.number:08}-{again}"
        self.looks[file] = look_of(told)


def _host(url: str) -> str:
    try:
        return str(parse(url).origin())
    except FetchError:  # which will be said when it is fetched
        return ""


def _judge(part: Path) -> Fingerprint:
    """Decode what arrived, and have it safely on disk. Raises ImageError where it is no use as a picture."""
    told = fingerprint(part)
    size = told.facts.width, told.facts.height
    if min(size) < SMALLEST:
        raise ImageError(f"it is too small ({size[0]} x {size[1]} pixels)")
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    return told


def recover(images: Path, incoming: Path, manifest: Manifest) -> None:
    """After a crash: put in what had arrived and was written down, and throw away half files."""
    incoming.mkdir(parents=True, exist_ok=True)
    missing = {
        row.sha256: row
        for row in manifest.rows.values()
        if row.status == "new" and not os.path.lexists(images / row.file)
    }
    for part in incoming.iterdir():
        with open(part, "rb") as file:
            row = missing.get(hashlib.file_digest(file, "sha256").hexdigest())
        if row is not None and not os.path.lexists(images / row.file):
            move_file(part, images / row.file)
        else:
            part.unlink()
