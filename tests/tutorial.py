"""The tutorial's commands, outputs and pictures: `python -m tests.tutorial` makes them anew.

`docs/start.md` shows commands in blocks of ```console, each after `$ ` and before what it prints.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests import ROOT

PAGE = ROOT / "docs" / "start.md"
PICTURES = ROOT / "docs" / "pictures"
LOOK = PICTURES / "look.sha256"  # of what shaped the pictures when they were taken
WEB = ROOT / "src" / "whatsit" / "web"
SHAPES = ("templates/base.html", "templates/parts.html", "templates/report.html")
SHAPES += ("static/tokens.css", "static/base.css", "static/components.css", "static/report.css")
SHAPES += ("templates/review.html", "static/review.css")
CHROMIUM = "/usr/bin/chromium"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.M | re.S)
Visit = Callable[[str], None]
LINK = re.compile(r"(?P<page>http://127\.0\.0\.1:\d+/)\?key=(?P<key>[\w-]+)[\w&=-]*", re.ASCII)
# What the tutorial's reader decides in the review: another label, or to remove it.
DECIDED = {
    "fish/fish-005.jpg": "cat",
    "bird/bird-007.jpg": "fish",
    "cat/cat-011.jpg": "bird",
    "cat/cat-009.jpg": None,
    "cat/cat-003.jpg": None,
}
REPORT, FIRST = "animals-report.html", "first.html"


def commands(page: str) -> list[str]:
    """What the reader types, in order."""
    return [line[2:] for block in BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")]


def printed(folder: Path, command: str, visit: Visit | None = None) -> str:
    """What a command of the tutorial prints in a folder, as in a terminal."""
    folder.joinpath("bin").mkdir(exist_ok=True)
    for name, words in (("whatsit", "-m whatsit"), ("python", "")):
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    asked = {"WHATSIT_LANG": "en", "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    is_review = command.startswith("whatsit review")
    with subprocess.Popen(
        f"exec {command} --no-browser" if is_review else command,
        shell=True,
        cwd=folder,
        env={**os.environ, **asked},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            text = review(process, visit) if is_review else ""
        finally:
            if is_review:
                process.terminate()  # Ctrl-C is ignored in the background of a shell
        text += process.communicate()[0]
    assert process.returncode == 0, f"{command}: {text}"
    text = text.replace(f"{folder.resolve()}{os.sep}", "")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def review(process: subprocess.Popen[str], visit: Visit | None) -> str:
    """Visit the page, and decide as it does what the tutorial decides; what was printed until then."""
    text = ""
    for line in process.stdout or ():
        text += line
        if link := LINK.search(line):
            break
    else:
        return text
    if visit:
        visit(link.group())

    def ask(verb: str, **values: object) -> Any:
        headers = {"Authorization": f"Bearer {link['key']}", "Content-Type": "application/json"}
        with urlopen(Request(f"{link['page']}ask/{verb}", json.dumps(values).encode(), headers)) as answer:
            return json.load(answer)

    keys = {item["path"]: item["key"] for item in ask("open", count=len(DECIDED))["items"]}
    for path, label in DECIDED.items():
        choice = "relabel" if label else "remove"
        ask("decide", choices=[{"keys": [keys[path]], "choice": choice, "label": label}])
    return text


def outputs(page: str, folder: Path, visit: Visit | None = None) -> Iterator[tuple[str, str]]:
    """Each command, and what it prints now. The first report is kept."""
    for command in commands(page):
        yield command, printed(folder, command, visit)
        if (folder / REPORT).exists() and not (folder / FIRST).exists():
            shutil.copy(folder / REPORT, folder / FIRST)


def rerun(page: str, folder: Path, visit: Visit | None = None) -> str:
    """The page with what its commands print now."""
    now = outputs(page, folder, visit)

    def block(old: re.Match[str]) -> str:
        count = len(re.findall(r"^\$ ", old.group(), re.M))
        return "".join(f"$ {command}\n{text}" for command, text in (next(now) for _ in range(count)))

    return BLOCK.sub(block, page)


def masked(text: str) -> str:
    """Without what differs between machines and days: times, dates, hashes, the digits of probabilities."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"\d+(\.\d+)? (ms|s)\b", r"N \2", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text)
    text = LINK.sub("LINK", re.sub(r"\d+ suspects|off by \d\.\d+", "N", text))
    return re.sub(r"\(\d+%\)|(?<=: \w{3} )\d+\.\d%|novelty \d\.\d+|(?<=nearest: ).*", "N", text)


@contextmanager
def browser(width: int, height: int, scheme: str) -> Iterator[Page]:
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = {"width": width, "height": height}
        yield chromium.new_page(viewport=view, color_scheme=scheme)  # type: ignore[arg-type]
        chromium.close()


def save(image: Image.Image, name: str, width: int = 1280) -> None:
    """Write a PNG into the documentation, at most so wide, in 256 colors."""
    PICTURES.mkdir(exist_ok=True)
    small = image.convert("RGB")
    small.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    small.quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def look() -> str:
    """What changes with the templates and styles of the report."""
    return hashlib.sha256(b"".join((WEB / name).read_bytes() for name in SHAPES)).hexdigest() + "\n"


def photograph(folder: Path, language: str = "") -> None:
    """The first report in a browser, light and dark, and a heat map; `.zh_CN` as Sphinx wants it in names."""
    for scheme in ("light", "dark"):
        with browser(1280, 720, scheme) as page:
            page.goto((folder / FIRST).as_uri())
            picture = page.screenshot()
        save(Image.open(BytesIO(picture)), f"report-{scheme}{language}.png")
    save(Image.open(folder / "why" / "cat.png"), f"why{language}.png", 900)


def photograph_review(link: str, language: str = "") -> None:
    """The page of a review, before anything is decided."""
    with browser(1280, 600, "light") as page:
        page.goto(link)
        page.locator(".gallery img[src]").first.wait_for()
        page.wait_for_load_state("networkidle")
        picture = page.screenshot()
    save(Image.open(BytesIO(picture)), f"review{language}.png")


def main() -> None:
    with TemporaryDirectory() as name:
        page = rerun(PAGE.read_text(), Path(name), photograph_review)
        photograph(Path(name))
        save(Image.open(Path(name) / "animals" / ".whatsit" / "pictures.png"), "pictures.png", 900)
    PAGE.write_text(page)
    LOOK.write_text(look())


if __name__ == "__main__":
    main()
