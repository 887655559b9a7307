"""The snippet, pasted into the console of a real browser on pages like those of the search engines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Run, rendered
from tests.site import Site, encoded, respond
from whatsit.collection.lists import label_of, read_list
from whatsit.collection.snippet import PAGES, snippet, steps

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(accept_downloads=True)
    yield context.new_page()
    context.close()


def paste(page: "Page", folder: Path, name: str = "") -> tuple[str, list[str]]:
    """Run the snippet as a console would; the name of the file that it downloads, and the addresses in it."""
    with page.expect_download() as download:
        page.evaluate(snippet(name))
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file.name, [found.url for found in read_list(file)]


def served(site: Site, target: str, document: str, **headers: str) -> str:
    site.pages[target] = respond(
        f"<!doctype html><meta charset=utf-8>{document}".encode(), kind="text/html", **headers
    )
    return site.url(target)


# The shapes of 2025 and 2026: sizes after the address in Google's page data, m= on Bing's links, and
# DuckDuckGo's previews behind its image proxy.
GOOGLE_DATA = """
<textarea name=q>grizzly bear</textarea>
<script>AF_initDataCallback({key: 'ds:1', data:[[0,"x",["https://encrypted-tbn0.gstatic.com/images?q\\u003dtbn:A",
168,300],["https://example.org/full/1.jpg?w\\u003d900\\u0026h\\u003d600",600,900],null],
["https://example.net/b%C3%A4r.jpg",1200,1600]]});</script>
<script>
var late = "[[\\"https://blogger.googleusercontent.com/img/s1600/late.jpg\\" , 10 , 20]]";
var hex = ["https://example.org/hex.jpg?w\\x3d9",1,2];</script>
<script>var other = ["https://example.org/page.html"];</script>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
"""
GOOGLE_LINKS = """
<a href="/imgres?imgurl=https%3A%2F%2Fexample.org%2Ffull%2F2.jpg%3Fa%3D1%26b%3D2&imgrefurl=p">x</a>
<a href="/search?q=more">more</a><a href="https://example.org/page">page</a>
"""
BING = """
<input name=q value="brown bear">
<a class="iusc" m='{"murl":"https://example.org/murl/3.jpg","turl":"https://tse1.mm.bing.net/th?id=OIP.x","t":"a"}'></a>
<a class="iusc" m="no json"></a>
<a href="/images/search?view=detailV2&mediaurl=https%3A%2F%2Fexample.org%2Fmedia%2F4.png&cdnurl=x">x</a>
"""


def test_google_page_data_and_links_give_full_size_addresses(
    site: Site, page: "Page", tmp_path: Path
) -> None:
    page.goto(served(site, "/search?q=grizzly%20bear&udm=2", GOOGLE_DATA + GOOGLE_LINKS))
    name, urls = paste(page, tmp_path)
    assert name == "urls_grizzly bear.txt"
    assert label_of(Path(name)) == "grizzly bear"
    assert urls == [
        "https://example.org/full/1.jpg?w=900&h=600",
        "https://example.net/b%C3%A4r.jpg",
        "https://blogger.googleusercontent.com/img/s1600/late.jpg",
        "https://example.org/hex.jpg?w=9",
        "https://example.org/full/2.jpg?a=1&b=2",
    ]


def test_bing_gives_media_addresses(site: Site, page: "Page", tmp_path: Path) -> None:
    page.goto(served(site, "/images/search", BING))
    name, urls = paste(page, tmp_path)
    assert name == "urls_brown bear.txt"
    assert urls == ["https://example.org/murl/3.jpg", "https://example.org/media/4.png"]


def test_where_a_page_changed_previews_are_better_than_nothing(
    site: Site, page: "Page", tmp_path: Path
) -> None:
    site.pages["/th"] = respond(encoded(rendered(1, (240, 180)), "PNG"), kind="image/png")
    site.pages["/icon"] = respond(encoded(rendered(2, (32, 32)), "PNG"), kind="image/png")
    proxied = "/iu/?u=https%3A%2F%2Ftse2.mm.bing.net%2Fth%3Fid%3DOIP.A%26pid%3DApi&f=1"
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(served(site, "/?q=teddy", f'<img src="/th?id=1"><img src="/icon"><img src="{proxied}">'))
    _, urls = paste(page, tmp_path)
    assert urls == [site.url("/th?id=1"), "https://tse2.mm.bing.net/th?id=OIP.A&pid=Api"]
    assert any("only previews" in line for line in said)


def test_page_without_pictures_says_so_and_downloads_nothing(site: Site, page: "Page") -> None:
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.accept()))
    page.goto(served(site, "/?q=x", "<p>nothing"))
    page.evaluate(snippet())
    assert "no picture here" in said[0]


def test_broken_page_data_does_not_stop_the_other_ways(site: Site, page: "Page", tmp_path: Path) -> None:
    broken = (
        '<script>["https://exa mple/\\\\u00zz",1,2] {"murl":"https://[bad"}</script><a href="http://[">x</a>'
    )
    page.goto(served(site, "/?q=a/b:c", broken + BING))
    name, urls = paste(page, tmp_path)
    assert name == "urls_a b c.txt"
    assert "https://example.org/murl/3.jpg" in urls


def test_strict_pages_allow_it_too(site: Site, page: "Page", tmp_path: Path) -> None:
    policy = "script-src 'none'; require-trusted-types-for 'script'"
    page.goto(served(site, "/?q=x", GOOGLE_LINKS, Content_Security_Policy=policy))
    session = page.context.new_cdp_session(page)
    with page.expect_download() as download:  # a console is not bound by the page's policy
        session.send("Runtime.evaluate", {"expression": snippet("black"), "userGesture": True})
    assert download.value.suggested_filename == "urls_black.txt"
    download.value.save_as(tmp_path / "urls_black.txt")
    assert [found.url for found in read_list(tmp_path / "urls_black.txt")] == [
        "https://example.org/full/2.jpg?a=1&b=2"
    ]


def test_what_the_browser_saved_is_collected(site: Site, page: "Page", whatsit: Run, tmp_path: Path) -> None:
    site.pages["/full.jpg"] = respond(encoded(rendered(5), "JPEG"))
    data = json.dumps([site.url("/full.jpg"), 120, 160])
    page.goto(served(site, "/?q=grizzly", f"<script>x({data})</script>"))
    paste(page, tmp_path)
    result = whatsit("collect", "--urls", "urls_grizzly.txt", "--into", "bears", "--allow-private")
    assert result.returncode == 0, result.stderr
    assert [path.name for path in (tmp_path / "bears" / "grizzly").iterdir()] == ["00000000.jpg"]


@pytest.mark.parametrize("engine", PAGES)
def test_whatsit_snippet_prints_code_alone_on_stdout_and_steps_beside_it(command: Run, engine: str) -> None:
    result = command("snippet", engine, "--name", 'black "b"')
    assert result.stdout == snippet('black "b"')
    assert PAGES[engine] in result.stderr
    assert "whatsit collect --urls" in result.stderr


@pytest.mark.parametrize(
    ("platform", "keys"), [("darwin", "Cmd+Option+J"), ("win32", "Ctrl+Shift+J"), ("linux", "Ctrl")]
)
def test_steps_are_those_of_the_users_system(platform: str, keys: str) -> None:
    reported = " ".join(steps("google", platform=platform))
    assert keys in reported
    assert "allow pasting" in reported
    assert ("Cmd" in reported) == (platform == "darwin")


def test_name_with_quotes_is_no_code(site: Site, page: "Page", tmp_path: Path) -> None:
    page.goto(served(site, "/", GOOGLE_LINKS))
    name: Any = '"; alert(1); //'
    assert paste(page, tmp_path, name)[0] == "urls_; alert(1);.txt"
