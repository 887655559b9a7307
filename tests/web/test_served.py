"""A server's page links to files that it may keep forever, at whatever address, and runs nothing else."""

import re
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.web.kit import kit_page
from whatsit.web import served, static_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PREFIX = "/user/x/proxy/8000"


async def home(request: Request) -> HTMLResponse:
    return served.page(kit_page(inline=False))


async def deeper(request: Request) -> HTMLResponse:
    return served.page(kit_page("zh", inline=False, static="../static/"))


ROUTES = [Route("/", home), Route("/review/", deeper), served.static_route()]
APP = Starlette(routes=[*ROUTES, Mount(PREFIX, routes=ROUTES)])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(APP, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("path", ["/", "/review/", f"{PREFIX}/", f"{PREFIX}/review/"])
def test_page_works_at_every_address_and_under_its_policy(
    browser: "Browser", address: str, path: str
) -> None:
    context = browser.new_context()
    page, faults, failed = context.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    page.goto(address + path)
    assert page.evaluate("typeof whatsit.PictureGrid + typeof whatsit.drawChart") == "functionfunction"
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderTopStyle") == "solid"
    page.get_by_role("tab").nth(1).click()
    assert page.get_by_role("tabpanel").count() == 1
    assert [one for one in failed if not one.endswith("favicon.ico")] == []
    assert [one for one in faults if "404" not in one] == []
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.broken = true";
          document.body.append(script);
        }"""
    )
    assert page.evaluate("window.broken") is None, "nothing inline is allowed"
    context.close()


def test_nothing_is_inline_and_the_policy_allows_nothing_inline() -> None:
    client = TestClient(APP)
    answer = client.get("/")
    assert not re.search(
        r"<style|<script(?![^>]*(src=|application/json))|\sstyle=|\son[a-z]+=\"", answer.text
    )
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "'sha256" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_files_are_kept_and_only_those_of_the_kit_are_there() -> None:
    client = TestClient(APP)
    for name, (kind, content) in static_files().items():
        answer = client.get(f"/static/{name}")
        assert answer.content == content
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
    for name in ("tokens.css", "..%2fpage.py", "../page.py", "x"):
        assert client.get(f"/static/{name}").status_code == 404
