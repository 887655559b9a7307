"""No server, whatever it answers, ends the work on the others or fills the disk."""

from pathlib import Path

import pytest

from tests.site import Site, jpeg, redirect, respond
from tests.test_collect import gather, manifest
from whatsit.collection import collect_lists, download
from whatsit.collection.provider import Found

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
    assert "can't handle the answer of 1 address (RuntimeError: what nobody" in done.notes[-1]
    assert [row["status"] for row in manifest(tmp_path).values()].count("failed") == 1
