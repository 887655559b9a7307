"""Each provider, over a real socket, as it documents itself and as it is on a bad day."""

import asyncio
import html
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import whatsit as wi
from tests.conftest import Run
from tests.documentation import code_blocks
from tests.site import Request, Site, as_json, jpeg, respond, silent
from whatsit.collection import provider as asking
from whatsit.collection.commons import Commons
from whatsit.collection.engines import SearchEngine
from whatsit.collection.openverse import Openverse
from whatsit.collection.provider import Found, Provider
from whatsit.collection.search import Search, search
from whatsit.config import License
from whatsit.errors import CollectError
from whatsit.fetch import Guard, Limits, client, run


def look(
    provider: Provider | list[Provider], words: str = "bear", most: int = 200, license: License = "any"
) -> Search:
    async def ask() -> Search:
        async with client(Limits(), Guard(True)) as session:
            asked = provider if isinstance(provider, list) else [provider]
            return await search(session, words, most, asked, license)

    return run(ask())


def openverse_page(site: Site, total: int = 45, **headers: str) -> Callable[[Request, object], bytes]:
    """The API's answer to /v1/images/, with pictures of the site."""

    def answer(request: Request, _: object) -> bytes:
        page, size = int(request.query["page"]), int(request.query["page_size"])
        results = [
            {
                "id": f"id-{n}",
                "title": f"Bear {n}",
                "url": site.url(f"/photo/{n}.jpg?x=1&y=2"),
                "foreign_landing_url": f"https://example.org/photos/{n}",
                "creator": "Anna",
                "license": "by-sa" if n % 2 else "cc0",
                "license_version": "4.0" if n % 2 else "1.0",
                "mature": False,
                "thumbnail": f"https://api.openverse.org/v1/images/id-{n}/thumb/",
            }
            for n in range((page - 1) * size, min(total, page * size))
        ]
        pages = -(-total // size)
        document = {
            "result_count": total,
            "page_count": pages,
            "page_size": size,
            "page": page,
            "results": results,
        }
        return as_json(document, **headers)

    return answer


def test_openverse_is_asked_page_by_page_and_tells_license_author_and_page(site: Site) -> None:
    site.pages["/v1/images/"] = openverse_page(site)
    done = look(Openverse(site.url("")), "grizzly bear")
    assert done.answered == {"openverse": 45}
    assert done.found[1] == Found(
        site.url("/photo/1.jpg?x=1&y=2"),
        "CC BY-SA 4.0",
        "Anna",
        "https://example.org/photos/1",
        "Bear 1",
        "openverse",
    )
    assert done.found[0].license == "CC0 1.0"
    assert [request.query["page"] for request in site.requests] == ["1", "2", "3"]
    assert {request.query["q"] for request in site.requests} == {"grizzly bear"}
    assert {request.query["page_size"] for request in site.requests} == {"20"}
    assert all(request.headers["user-agent"].startswith("whatsit/") for request in site.requests)


def test_no_more_pages_are_asked_than_are_wanted(site: Site) -> None:
    site.pages["/v1/images/"] = openverse_page(site, total=10_000)
    assert len(look(Openverse(site.url("")), most=25).found) == 25
    assert len(site.requests) == 2
    look(Openverse(site.url("")), most=9999)
    assert len(site.requests) == 22  # it gives no more than 20 pages


@pytest.mark.parametrize(
    ("license", "codes"),
    [
        ("any", None),
        ("public", "cc0,pdm"),
        ("modify", "cc0,pdm,by,by-sa"),
        ("commercial", "cc0,pdm,by,by-sa,by-nd"),
    ],
)
def test_openverse_filters_by_license(site: Site, license: License, codes: str | None) -> None:
    site.pages["/v1/images/"] = openverse_page(site, 1)
    look(Openverse(site.url("")), license=license)
    assert site.requests[0].query.get("license") == codes


def test_openverse_registration_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/v1/images/"] = openverse_page(site, 1)
    site.pages["/v1/auth_tokens/token/"] = as_json({"access_token": "T", "token_type": "Bearer"})
    monkeypatch.setenv("WHATSIT_OPENVERSE", "me:secret")
    monkeypatch.setenv("WHATSIT_OPENVERSE_URL", site.url("/"))
    assert look(Openverse()).answered == {"openverse": 1}
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "secret"}
    assert site.requests[0].form == form
    assert site.requests[1].headers["authorization"] == "bearer t"
    site.pages["/v1/auth_tokens/token/"] = as_json({"error": "invalid_client"}, 401)
    with pytest.raises(CollectError, match="401"):
        look(Openverse())


def test_openverse_that_is_used_up_for_the_day_gives_what_it_gave(site: Site) -> None:
    used_up = {"X_RateLimit_Available_anon_sustained": "0", "X_RateLimit_Available_anon_burst": "3"}
    site.pages["/v1/images/"] = openverse_page(site, **used_up)
    done = look(Openverse(site.url("")))
    assert len(done.found) == 20
    assert "no more results today" in str(done.silent["openverse"])
    assert "WHATSIT_OPENVERSE" in str(done.silent["openverse"])
    assert len(site.requests) == 1


def test_openverse_burst_is_waited_for_as_it_asks(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits: list[float] = []

    async def no_time(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asking.asyncio, "sleep", no_time)
    page = openverse_page(site, 5)
    answers: list[Any] = [respond(b"", 429, Retry_After="42"), respond(b"", 503), page]

    def answer(request: Request, writer: object) -> bytes:
        now = answers.pop(0)
        return now if isinstance(now, bytes) else now(request, writer)

    site.pages["/v1/images/"] = answer
    assert len(look(Openverse(site.url(""))).found) == 5
    assert waits == [42, 1.0]
    assert "Openverse asks to wait 42 s" in capsys.readouterr().err


def commons_page(site: Site, total: int = 70) -> Callable[[Request, object], bytes]:
    """The action API's answer to generator=search with imageinfo, formatversion 2."""

    def answer(request: Request, _: object) -> bytes:
        assert request.query["gsrnamespace"] == "6"
        start, size = int(request.query.get("gsroffset", 0)), int(request.query["gsrlimit"])
        pages = [
            {
                "pageid": 1000 - n,
                "ns": 6,
                "title": f"File:Bear {n}.jpg",
                "index": n + 1,
                "imageinfo": [
                    {
                        "thumburl": site.url(f"/thumb/{n}/960px-Bear.jpg"),
                        "thumbwidth": 960,
                        "thumbheight": 640,
                        "url": site.url(f"/full/{n}.jpg"),
                        "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Bear_{n}.jpg",
                        "mime": "image/jpeg",
                        "extmetadata": {
                            "License": {"value": ["cc-by-sa-4.0", "cc0", "pd", "cc-by-nc-2.0"][n % 4]},
                            "LicenseShortName": {
                                "value": ["CC BY-SA 4.0", "CC0", "Public domain", "NC"][n % 4]
                            },
                            "Artist": {"value": '<a href="//x">Anna &amp; Ben</a>'},
                            "ObjectName": {"value": f"Bear {n}"},
                        },
                    }
                ],
            }
            for n in range(start, min(total, start + size))
        ]
        pages.sort(key=lambda page: page["pageid"])
        document: dict[str, Any] = {"batchcomplete": True, "query": {"pages": pages}}
        if start + size < total:
            document["continue"] = {"gsroffset": start + size, "continue": "gsroffset||"}
        return as_json(document)

    return answer


def test_commons_gives_its_own_thumbnail_addresses_in_the_order_of_the_search(site: Site) -> None:
    site.pages["/w/api.php"] = commons_page(site)
    done = look(Commons(site.url("")), "grizzly bear")
    assert [found.url for found in done.found] == [site.url(f"/thumb/{n}/960px-Bear.jpg") for n in range(70)]
    assert done.found[0] == Found(
        site.url("/thumb/0/960px-Bear.jpg"),
        "CC BY-SA 4.0",
        "Anna & Ben",
        "https://commons.wikimedia.org/wiki/File:Bear_0.jpg",
        "Bear 0",
        "commons",
        True,
    )
    assert [request.query.get("continue") for request in site.requests] == [None, "gsroffset||"]
    assert site.requests[0].query["gsrsearch"] == "filetype:bitmap grizzly bear"


def test_commons_filters_by_license(site: Site) -> None:
    site.pages["/w/api.php"] = commons_page(site, 8)
    for license, names in (
        ("public", {"CC0", "Public domain"}),
        ("modify", {"CC0", "Public domain", "CC BY-SA 4.0"}),
    ):
        done = look(Commons(site.url("")), license=license)  # type: ignore[arg-type]
        assert {found.license for found in done.found} == names


@pytest.mark.parametrize("make", [Openverse, Commons])
@pytest.mark.parametrize(
    ("answer", "reported"),
    [
        (respond(b"", 403), "403"),
        (respond(b"", 429, Retry_After="3600"), "429"),
        (respond(b"<html>blocked</html>"), "not JSON"),
        (respond(b'{"results": [{"ur'), "not JSON"),
        (as_json([1, 2]), "not have the documented form"),
        (as_json({"results": "none", "query": {"pages": 7}}), "not have the documented form"),
        (respond(b"\xff\xfe{}"), "not JSON|not have the documented form"),
        (respond(b"[" * 100_000), "not JSON"),
        (
            as_json({"results": {"a": 1}, "query": {"pages": [{"imageinfo": 3}, 4], "x": 1}, "error": 5}),
            "documented form|refuses",
        ),
    ],
    ids=["403", "429", "HTML", "cut JSON", "a list", "other fields", "other bytes", "nested", "odd types"],
)
def test_provider_that_answers_badly_says_so(site: Site, make: Any, answer: bytes, reported: str) -> None:
    site.pages |= {"/v1/images/": answer, "/w/api.php": answer}
    with pytest.raises(CollectError, match=reported) as caught:
        look(make(site.url("")))
    assert "whatsit snippet" in caught.value.next_step
    assert len(site.requests) == 1


def test_odd_page_counts_and_endless_continuations_end(site: Site) -> None:
    site.pages["/v1/images/"] = as_json({"page_count": "many", "results": [{"url": site.url("/1")}]})
    wiki = {"query": {"pages": [{"imageinfo": [{"url": site.url("/2")}]}]}, "continue": {"gsroffset": 50}}
    site.pages["/w/api.php"] = as_json(wiki)
    done = look([Openverse(site.url("")), Commons(site.url(""))])
    assert done.answered == {"openverse": 1, "commons": 1}
    assert len(site.requests) == 3


def test_license_and_number_that_make_no_sense_are_refused(site: Site) -> None:
    with pytest.raises(CollectError, match="no license “free”"):
        look(Commons(site.url("")), license="free")  # type: ignore[arg-type]
    with pytest.raises(CollectError, match="max_pics must be at least 1, not 0"):
        look(Commons(site.url("")), most=0)


@pytest.mark.parametrize("make", [Openverse, Commons])
def test_provider_without_results_answers_nothing(site: Site, make: Any) -> None:
    site.pages["/v1/images/"] = as_json({"result_count": 0, "page_count": 0, "results": []})
    site.pages["/w/api.php"] = as_json({"batchcomplete": True})
    done = look(make(site.url("")))
    assert done.found == []
    assert list(done.answered.values()) == [0]


@pytest.mark.parametrize("make", [Openverse, Commons])
def test_results_without_an_address_are_passed_over(site: Site, make: Any) -> None:
    junk = [{"id": 1}, {"url": None}, "text", {"url": site.url("/1")}, {"imageinfo": []}, {"imageinfo": [7]}]
    wiki = [*junk, {"imageinfo": [{"url": site.url("/1")}]}]
    site.pages["/v1/images/"] = as_json({"page_count": 1, "results": junk})
    site.pages["/w/api.php"] = as_json({"query": {"pages": wiki}})
    assert [found.url for found in look(make(site.url(""))).found] == [site.url("/1")]


def test_slow_provider_is_given_up_and_the_next_one_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(read=0.1, whole=0.2)
    monkeypatch.setattr(asking, "Limits", lambda **_: limits)
    site.pages["/v1/images/"] = silent
    site.pages["/w/api.php"] = commons_page(site, 3)
    done = look([Openverse(site.url("")), Commons(site.url(""))])
    assert done.answered == {"commons": 3}
    assert "sent nothing" in str(done.silent["openverse"])


def test_auto_merges_without_repeats_and_says_who_answered(site: Site) -> None:
    site.pages["/v1/images/"] = as_json(
        {
            "page_count": 1,
            "results": [{"url": site.url("/thumb/0/960px-Bear.jpg")}, {"url": site.url("/own")}],
        }
    )
    site.pages["/w/api.php"] = commons_page(site, 3)
    done = look([Openverse(site.url("")), Commons(site.url(""))])
    assert done.answered == {"openverse": 2, "commons": 2}
    assert len({found.url for found in done.found}) == len(done.found) == 4


# --- ddgs: a proxy on loopback plays duckduckgo.com and www.bing.com, with TLS ---


class Internet:
    """An HTTP proxy for ddgs: whatever host is asked for, `answer(host, target)` is the page."""

    def __init__(self, folder: Path) -> None:
        self.answer: Callable[[str, str], bytes] = lambda host, target: respond(b"", 404)
        self.asked: list[str] = []
        self._authority = trustme.CA()
        self.certificates = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.certificates))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            host = _head(connection).split()[1].rpartition(":")[0]
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    target = _head(secure).split()[1]
                    self.asked.append(f"{host}{target}")
                    secure.sendall(self.answer(host, target))
            except OSError:
                pass

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def _head(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError
        data += piece
    return data.decode("latin-1")


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    pytest.importorskip("ddgs")
    internet = Internet(tmp_path)
    yield internet
    internet.close()


def engine(name: Any, internet: Internet) -> SearchEngine:
    return SearchEngine(name, proxy=internet.url, verify=str(internet.certificates), timeout=20)


def duckduckgo(host: str, target: str) -> bytes:
    if target.startswith("/i.js"):
        start = int(match[1]) if (match := re.search(r"[?&]s=(\d+)", target)) else 0
        results = [
            {"title": f"Bear {n}", "image": f"https://pics.example/{n}.jpg?a=1", "url": f"https://page.example/{n}",
             "thumbnail": "https://t", "width": 800, "height": 600, "source": "Bing"}
            for n in range(start, min(start + 100, 130))
        ]  # fmt: skip
        return respond(json.dumps({"results": results}).encode(), kind="application/json")
    return respond(b'<html><script>vqd="4-123";</script></html>', kind="text/html")


def bing(host: str, target: str) -> bytes:
    first = int(re.search(r"first=(\d+)", target)[1])  # type: ignore[index]
    items = ""
    for n in range(first, min(first + 35, 51)):
        m = {
            "murl": f"https://pics.example/{n}.jpg",
            "purl": f"https://page.example/{n}",
            "t": f"bear {n}",
            "turl": "",
        }
        items += (
            f'<div><div class="imgpt"><a class="iusc" m="{html.escape(json.dumps(m))}"></a>'
            '<div class="img_info"><span></span><span class="nowrap">800 x 600</span></div></div>'
            '<div class="infopt"></div></div>'
        )
    return respond(f"<html><body>{items}</body></html>".encode(), kind="text/html")


@pytest.mark.parametrize(("name", "answer", "count"), [("duckduckgo", duckduckgo, 130), ("bing", bing, 50)])
def test_engines_are_asked_page_after_page_through_ddgs(
    internet: Internet, name: str, answer: Callable[[str, str], bytes], count: int
) -> None:
    internet.answer = answer
    done = look(engine(name, internet))
    assert done.answered == {name: count}
    assert len({found.url for found in done.found}) == count
    assert all(found.page.startswith("https://page.example/") for found in done.found)
    assert {found.provider for found in done.found} == {name}


def test_duckduckgo_is_asked_for_a_license_and_bing_knows_none(internet: Internet) -> None:
    internet.answer = duckduckgo
    look(engine("duckduckgo", internet), most=5, license="public")
    assert any("license%3APublic" in asked for asked in internet.asked)
    with pytest.raises(CollectError, match="bing: it does not report licenses"):
        look(engine("bing", internet), license="public")


@pytest.mark.parametrize("name", ["duckduckgo", "bing"])
@pytest.mark.parametrize(
    "answer",
    [respond(b"", 403), respond(b"", 429), respond(b"<html></html>"), respond(b"{bad", kind="text/html")],
    ids=["403", "429", "empty page", "malformed"],
)
def test_engine_that_blocks_is_named_and_the_others_still_answer(
    internet: Internet, site: Site, name: str, answer: bytes
) -> None:
    internet.answer = lambda host, target: answer
    with pytest.raises(CollectError, match=f"{name}: it does not answer"):
        look(engine(name, internet))
    site.pages["/w/api.php"] = commons_page(site, 3)
    done = look([engine(name, internet), Commons(site.url(""))])
    assert done.answered == {"commons": 3}
    assert name in done.silent


# --- the whole command ---


@pytest.fixture
def web(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Openverse, Commons and the pictures that they find, on one server; no engine can be reached."""
    site.pages["/v1/images/"] = openverse_page(site, 12)
    site.pages["/w/api.php"] = commons_page(site, 8)
    site.pages |= {f"/photo/{n}.jpg?x=1&y=2": respond(jpeg(n)) for n in range(12)}
    site.pages |= {f"/thumb/{n}/960px-Bear.jpg": respond(jpeg(100 + n)) for n in range(8)}
    site.pages["/robots.txt"] = respond(b"User-agent: *\nDisallow: /thumb/\n")  # which Commons invites us to
    monkeypatch.setenv("WHATSIT_OPENVERSE_URL", site.url(""))
    monkeypatch.setenv("WHATSIT_COMMONS_URL", site.url(""))
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
    monkeypatch.setenv("DDGS_PROXY", "http://127.0.0.1:1")
    return site


def test_whatsit_collect_goes_from_words_to_a_clean_folder(web: Site, command: Run, tmp_path: Path) -> None:
    words = ["collect", "grizzly bear", "black=american black bear", "--into", "bears", "--max", 15]
    result = command(*words)
    assert result.returncode == 0, result.stderr
    assert "grizzly bear: openverse found 12, commons found 3" in result.stdout
    assert ["black", "15", "15", "0", "0", "15"] in [line.split() for line in result.stdout.splitlines()]
    assert {request.query["q"] for request in web.requests if "q" in request.query} == {
        "grizzly bear",
        "american black bear",
    }
    for label in ("grizzly bear", "black"):
        assert len(list((tmp_path / "bears" / label).iterdir())) == 15
    assert "two classes" in result.stdout
    hits = web.hits.copy()
    again = command(*words)
    assert again.returncode == 0
    assert web.hits == hits  # not even the search


def test_words_again_with_a_larger_max_bring_more(web: Site, tmp_path: Path) -> None:
    wi.collect("bear", into=tmp_path, max_pics=4)
    done = wi.collect("bear", into=tmp_path, max_pics=14)
    assert done.classes["bear"].kept == 14
    assert max(web.hits[path] for path in web.pages if "/photo/" in path) == 1


def test_without_the_network_what_was_begun_is_still_finished(
    web: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wi.collect("bear", into=tmp_path, max_pics=4, source="commons")
    for name in ("OPENVERSE", "COMMONS"):
        monkeypatch.setenv(f"WHATSIT_{name}_URL", "http://127.0.0.1:1")
    done = wi.collect("bear", into=tmp_path, max_pics=14, source="commons")
    assert done.classes["bear"].kept == 4
    assert "only what was found before" in str(done.notes[0])
    with pytest.raises(CollectError, match=r"No source answers for “wolf”.*whatsit snippet"):
        wi.collect("wolf", into=tmp_path / "wolves", source="commons")


def test_search_images_gives_addresses_with_what_is_known(web: Site) -> None:
    found = wi.search_images("bear", max_pics=14)
    assert [one.provider for one in found] == ["openverse"] * 12 + ["commons"] * 2
    assert found[0].license == "CC0 1.0"
    with pytest.raises(CollectError, match="no source “yahoo”"):
        wi.search_images("bear", source="yahoo")


def test_python_in_the_documentation_of_collecting_runs(
    web: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = code_blocks("docs/collect.md", "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "urls_polar.txt").write_text(web.url("/photo/1.jpg?x=1&y=2"))
    exec(compile(code, "docs/collect.md", "exec"), {})
    assert {path.name for path in (tmp_path / "bears").iterdir()} == {
        *(".whatsit", "manifest.csv", "black", "grizzly bear", "polar", "teddy")
    }


def test_in_a_notebook_too(web: Site, tmp_path: Path) -> None:
    async def cell() -> int:
        return wi.collect("bear", into=tmp_path, max_pics=3, source="openverse").classes["bear"].kept

    assert asyncio.run(cell()) == 3
