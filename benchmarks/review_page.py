"""How long somebody waits for the page of a review, and how large it is.

    python -m benchmarks.review_page [--rounds 5]

10,000 suspects over the 1,341 shared training and validation photos, in headless Chromium, on one machine
with the server; medians of the rounds, each in a new browser context:

first screen   from the address to the first row of suspects with their labels, and to its pictures
thumbnails     from a jump to another place in the list to the last of its pictures, which were shown before
elements       the most in the page, wherever one looks
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.review.reviewed import KEY, many
from tests.serving.served import Listening

from benchmarks.peers import CLOTHING
from whatsit.catalog import Catalog
from whatsit.review.page import create_app
from whatsit.review.session import Session
from whatsit.serving.door import Rules

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MANY = 10_000
JUMPS = (30_000, 90_000, 150_000, 210_000, 270_000)  # pixels
SHOWN = """async () => {
  const begin = performance.now(), isThere = (tile) => {
    const image = tile.querySelector("img");
    return tile.querySelector("b") && image.complete && image.naturalWidth;
  };
  const tiles = () => [...document.querySelectorAll(".board li")];
  do await new Promise(requestAnimationFrame); while (!tiles().length || !tiles().every(isThere));
  return performance.now() - begin;
}"""


def visit(browser: "Browser", address: str) -> tuple[float, float, list[float], int]:
    """Seconds to the first labels and to their pictures, milliseconds of each jump, and elements at most."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(address)
    page.locator(".board li b").first.wait_for()
    labels = time.perf_counter() - begin
    page.evaluate(SHOWN)
    pictures = time.perf_counter() - begin
    jumps, elements = [], []
    for place in JUMPS:
        page.evaluate("place => { document.querySelector('.board').scrollTop = place; }", place)
        jumps.append(page.evaluate(SHOWN))
        elements.append(page.evaluate("document.querySelectorAll('*').length"))
    context.close()
    return labels, pictures, jumps, max(elements)


def main() -> None:
    from tests.conftest import _chromium

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, source in (("train", "train"), ("valid", "validation")):
            (root / name).symlink_to(CLOTHING / source)
        catalog = Catalog.from_folder(root, to_train=False)
        session = Session(catalog, many(catalog, MANY))
        with Listening(create_app(session, Rules(KEY, only_loopback=True))) as served:
            browser = _chromium.open()
            visit(browser, served.url(f"/?key={KEY}"))  # makes the small pictures
            found = [visit(browser, served.url(f"/?key={KEY}")) for _ in range(rounds)]
            _chromium.close()
    labels, pictures, jumps, elements = zip(*found, strict=True)
    first, whole = statistics.median(labels), statistics.median(pictures)
    print(f"first screen: labels {first:.2f} s, pictures {whole:.2f} s")
    each = [one for some in jumps for one in some]
    print(f"thumbnails: {statistics.median(each):.0f} ms, at most {max(each):.0f} ms")
    print(f"elements: {max(elements)}")


if __name__ == "__main__":
    main()
