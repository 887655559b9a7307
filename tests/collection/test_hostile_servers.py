"""No server, whatever it answers, ends the work on the others or fills the disk."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gathering import gather, manifest
from tests.site import Request, Site, jpeg, redirect, respond
from whatsit.collection import collect_lists, download
from whatsit.collection.provider import Found
from whatsit.collection.room import Room
from whatsit.errors import FetchError
from whatsit.fetch import Limits
from whatsit.project import size_of

ODD_PLACES = (
    "https://[-\u2025]@",
    "http://[:ü]/",
    "http://[",
    "http://a:99999/",
    "//",
    "http://\udc80/",
    "x" * 9,
)


@pytest.mark.parametrize("place", ODD_PLACES)
def test_redirect_to_an_impossible_address_is_one_failure(site: Site, tmp_path: Path, place: str) -> None:
    to = place.encode("utf-8", "surrogateescape").decode("latin-1")
    head, _, _ = redirect("@").partition(b"@")
    site.pages["/odd"] = head + to.encode("latin-1") + b"\r\n\r\n"
    site.pages["/1"] = respond(jpeg(1))
    gather(tmp_path, [site.url("/odd"), site.url("/1")])
    assert [row["status"] for row in manifest(tmp_path).values()] == ["failed", "kept"]


@pytest.mark.parametrize("place", ODD_PLACES)
def test_impossible_address_in_a_list_is_one_failure(site: Site, tmp_path: Path, place: str) -> None:
    site.pages["/1"] = respond(jpeg(1))
    gather(tmp_path, [place, site.url("/1")])
    assert [row["status"] for row in manifest(tmp_path).values()] == ["failed", "kept"]


@pytest.mark.parametrize(
    "said", ["Wed, 31 Dec 99999999999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "9" * 4000]
)
def test_server_that_asks_to_wait_for_ages_is_left_for_later(site: Site, tmp_path: Path, said: str) -> None:
    other = Site()
    try:
        site.pages |= {f"/{n}": respond(b"", 429, Retry_After=said) for n in range(3)}
        other.pages["/1"] = respond(jpeg(1))
        for _ in range(2):
            urls = [*(site.url(path) for path in site.pages), other.url("/1")]
            tally = gather(tmp_path, urls).classes["bear"]
            assert (tally.found, tally.kept) == (4, 1)
    finally:
        other.close()


def test_fault_of_our_own_costs_one_address_and_is_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)}
    judged = download.refuse_opt_out
    answers = iter([None, RuntimeError("what nobody thought of"), None])

    def faulty(headers: object) -> None:
        if fault := next(answers):
            raise fault
        judged(headers)  # type: ignore[arg-type]

    monkeypatch.setattr(download, "refuse_opt_out", faulty)
    found = [Found(site.url(f"/{n}")) for n in range(3)]
    done = collect_lists({"bear": found}, tmp_path, allow_private=True)
    assert (done.classes["bear"].kept, done.classes["bear"].downloaded) == (2, 2)
    assert "can't handle the answer of 1 address (RuntimeError: what nobody" in str(done.notes[-1])
    assert [row["status"] for row in manifest(tmp_path).values()].count("failed") == 1


LARGE = 900_000  # bytes of a body
TOGETHER = 24


@pytest.mark.parametrize("length", [{}, {"Content_Length": str(LARGE)}])
def test_what_arrives_at_once_never_fills_the_disk(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: dict[str, str]
) -> None:
    """All bodies are large and sent at once: few lie on disk at a time, and all arrive in the end."""
    monkeypatch.setattr(download, "ON_DISK", 4 << 20)
    incoming, most = tmp_path / ".whatsit" / "incoming", 0
    all_are_asked = asyncio.Event()

    async def large(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        head, _, body = respond(jpeg(int(request.path[1:])), **length).partition(b"\r\n\r\n")
        if not length:
            head = b"\r\n".join(line for line in head.split(b"\r\n") if b"Length" not in line)
        writer.write(head + b"\r\n\r\n" + body)
        if site.hits.total() == TOGETHER + 1:  # with robots.txt
            all_are_asked.set()
        await all_are_asked.wait()
        for start in range(len(body), LARGE, 1 << 14):
            writer.write(bytes(min(1 << 14, LARGE - start)))
            await writer.drain()
            most = max(most, size_of(incoming))

    site.pages |= {f"/{n}": large for n in range(TOGETHER)}
    limits = Limits(size=1 << 20, per_host=TOGETHER)
    tally = gather(tmp_path, [site.url(path) for path in site.pages], limits=limits).classes["bear"]
    assert tally.kept == TOGETHER
    assert 0 < most <= 4 << 20


def test_nobody_waits_for_room_for_ever() -> None:
    """Whatever order 30 writers of up to 10 bytes come in, all end, and never more than 25 bytes are held."""
    held = most = 0

    async def write(room: Room, size: int) -> None:
        nonlocal held, most
        with room.share() as share:
            for _ in range(size):
                await share.grow(1)
                held += 1
                most = max(most, held)
                await asyncio.sleep(0)
            held -= size

    async def all_at_once() -> None:
        room = Room(25, 10)
        await asyncio.gather(*(write(room, 1 + n % 10) for n in range(30)))

    asyncio.run(all_at_once())
    assert held == 0
    assert most <= 25


def test_who_drips_holds_up_nobody_for_good(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ON_DISK", 1)
    holds_the_room = asyncio.Event()
    head = respond(b"", Content_Length=str(LARGE))

    async def drip(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head + bytes(500_000))
        while True:
            if size_of(tmp_path / ".whatsit" / "incoming"):
                holds_the_room.set()
            writer.write(b"\0")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def sound(_: Request, __: object) -> bytes:
        await holds_the_room.wait()
        body = jpeg(1)
        return head + body + bytes(LARGE - len(body))

    site.pages |= {"/drip": drip, "/1": sound}
    tally = gather(tmp_path, [site.url("/drip"), site.url("/1")]).classes["bear"]
    assert (tally.kept, tally.found) == (1, 2)


def test_who_ran_out_of_time_while_waiting_for_others_is_asked_again(tmp_path: Path) -> None:
    class Slow:
        content_length = None

        @property
        def content(self) -> "Slow":
            return self

        async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
            yield bytes(LARGE)
            raise TimeoutError

    async def receive(has_waited: bool) -> None:
        with Room(LARGE, LARGE).share() as share:
            share.has_waited = has_waited
            await download._receive(Slow(), LARGE, tmp_path / "part", share)  # type: ignore[arg-type]

    with pytest.raises(FetchError, match="wait too long") as caught:
        asyncio.run(receive(True))
    assert caught.value.passing
    with pytest.raises(TimeoutError):
        asyncio.run(receive(False))
