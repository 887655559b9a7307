"""How long the course page computes and draws for a frame of its animation.

    python -m benchmarks.teach_page [--rounds 3]

With 10,000 points instead of 100, in headless Chromium: gradient descent on a line, played in step 3. A frame
is everything that the page's own code does for it, from the step to the last call that draws, and then that
the pixels are there. The median is to be at most 8 ms.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.teach.data import course, line
from whatsit.teach.page import write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

POINTS, MOST = 10_000, 8.0  # milliseconds
# Adds up the time of all callbacks between two ticks of the animation's clock, with the wait for a canvas's
# pixels, which reading one of them takes.
WATCH = """() => {
  const frames = window.frames_ = [];
  let spent = 0;
  const timed = (callback) => (...given) => {
    const begin = performance.now();
    callback(...given);
    const canvas = document.querySelector("[data-plot=loop-line] canvas");
    canvas?.getContext("2d").getImageData(0, 0, 1, 1);
    spent += performance.now() - begin;
  };
  const { requestAnimationFrame: ask, setInterval: every } = window;
  window.requestAnimationFrame = (callback) => ask.call(window, timed(callback));
  window.setInterval = (callback, wait) => every.call(window, () => {
    frames.push(spent);
    spent = 0;
    timed(callback)();
  }, wait);
}"""
PLAYED = """async () => {
  while (window.frames_.length < 90) await new Promise((done) => setTimeout(done, 100));
  return window.frames_;
}"""


def play(browser: "Browser", page_file: Path) -> list[float]:
    """Milliseconds of each frame."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(f"({WATCH})()")
    page.goto(page_file.as_uri())
    page.locator("[data-open-all]").click()
    run = page.locator("[data-do=loop-run]")
    run.scroll_into_view_if_needed()
    run.click()
    frames: list[float] = page.evaluate(PLAYED)
    page.close()
    return frames[5:]  # the first ones compile


def main() -> None:
    from tests.conftest import _chromium

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        written = write({**course(), "line": line(POINTS)}, Path(folder) / "course")
        browser = _chromium.open()
        frames = [one for _ in range(rounds) for one in play(browser, written)]
        _chromium.close()
    median, slowest = statistics.median(frames), statistics.quantiles(frames, n=20)[-1]
    print(
        f"{POINTS:,} points, {len(frames)} frames: median {median:.1f} ms, 95th percentile {slowest:.1f} ms"
    )
    print(f"at most {MOST:.0f} ms: {'yes' if median <= MOST else 'no'}")


if __name__ == "__main__":
    main()
