"""`whatsit teach`: a page that is served, and a folder that needs neither a server nor a network."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import Run
from tests.web import opened
from whatsit.teach.data import course
from whatsit.teach.page import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DESCEND = """() => {
  const { line } = JSON.parse(document.getElementById("course").textContent);
  const problem = whatsit.numbers.line(line.x, line.y);
  return whatsit.numbers.descend(problem, line.start, line).map(({ a, loss }) => [...a, loss]);
}"""
COPY = """() => new Promise((done) => {
  navigator.clipboard.writeText = async (text) => done(text);
  document.querySelector("#step-4 [data-share]").click();
})"""
DATA = "() => JSON.parse(document.getElementById('course').textContent)"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_page_is_served_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "whatsit", "teach", "--no-browser", "--lang", "zh"]
    environment = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        assert process.stdout
        shown = process.stdout.readline()
        link = re.search(r"http://127\.0\.0\.1:\d+/\?key=[\w-]{22}&lang=zh", shown)
        assert link, shown
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(link[0]) as answer:
            page = answer.read().decode()
            assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert 'lang="zh-CN"' in page
        assert 'href="./?lang=en"' in page
        assert f'data-key="{link[0].partition("key=")[2].partition("&")[0]}"' in page  # for links to a step
        static = re.search(r'src="(static/teach\.\w+\.js)"', page)
        assert static
        address = link[0].partition("?")[0]
        assert b"whatsit.step" in browser.open(address + static[1]).read()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def test_path_in_the_browser_is_that_of_python(browser: "Browser", written: Path) -> None:
    with opened(browser, written) as page:
        found, course = page.evaluate(DESCEND), page.evaluate(DATA)
    assert len(found) == len(course["line"]["path"])
    for here, there in zip(found, course["line"]["path"], strict=True):
        assert here == pytest.approx(there, abs=1e-9)


def test_folder_has_a_page_for_each_language_that_needs_no_network(browser: "Browser", written: Path) -> None:
    assert sorted(path.name for path in written.parent.iterdir()) == ["index.html", "index.zh.html"]
    with opened(browser, written) as page:
        english = page.locator("h1").inner_text()
        page.locator("[data-switch]").first.click()
        page.wait_for_url("**/index.zh.html*")
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        assert page.locator("h1").inner_text() != english
        page.locator("[data-switch]").first.click()
        page.wait_for_url("**/index.html*")
        assert page.locator("h1").inner_text() == english


def test_command_writes_a_folder_and_replaces_only_its_own_files(command: Run, tmp_path: Path) -> None:
    done = command("teach", "--out", "course", "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("course", "index.html").name in done.stdout
    assert 'lang="zh-CN"' in (tmp_path / "course/index.html").read_text(encoding="utf-8")
    (tmp_path / "course/notes.txt").write_text("mine")
    assert command("teach", "--out", "course").returncode == 0
    assert (tmp_path / "course/notes.txt").read_text() == "mine"
    (tmp_path / "course/index.html").write_text("<h1>My own site</h1>")
    done = command("teach", "--out", "course")
    assert done.returncode == 2
    assert "already exists, and is not a course page that Whatsit wrote" in done.stderr
    assert (tmp_path / "course/index.html").read_text() == "<h1>My own site</h1>"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--out", "file"], "file is a file, not a folder."),
        (["--out", "theirs"], "Choose another folder for --out."),
        (["--out", "a/b/c"], "written to a/b/c. Choose a folder inside one that exists."),
        (["nowhere"], "nowhere"),
        (["--root-path", "bears"], "bears can't be used as a path."),
    ],
)
def test_mistakes_are_one_sentence(command: Run, tmp_path: Path, words: list[str], sentence: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "index.html").write_text("<h1>My own site</h1>")
    done = command("teach", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_copied_link_has_the_key_and_opens_the_same_figures(browser: "Browser", tmp_path: Path) -> None:
    served = tmp_path / "served.html"
    served.write_text(page(course(), "./", inline=True, key="k-1"), encoding="utf-8")
    with opened(browser, served, reduced_motion="reduce") as shown:
        shown.locator("[data-beat=rate] .choices button").first.click()
        expect(shown.locator("#step-4 [data-share-here]")).to_contain_text("works on this computer")
        link = shown.evaluate(COPY)
        assert "key=k-1" in link
        assert link.endswith("#step=4&open=rate")
        shown.goto("about:blank")
        shown.goto(link)
        expect(shown.locator("[data-do=sweep]")).to_be_visible()
        expect(shown.locator("[data-beat=bowl] .veil")).to_be_visible()
        shown.locator(".steps [data-goes='5']").click()
        expect(shown).to_have_url(re.compile("#step=5$"))
