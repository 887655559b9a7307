"""Every block of the lesson runs, in order, with the edits of lesson.diff alone, and does what it taught.

`make soak` takes the lesson's networks; otherwise lesson_quick.diff sets a smaller one and smaller pictures.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import matplotlib.pyplot as plt
import pytest
import torch
import uvicorn
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output
from matplotlib_inline.backend_inline import configure_inline_support
from traitlets.config import Config

from tests.conftest import WHOLE
from tests.fastai1.conftest import CLASSES, EACH
from tests.fastai1.lesson import EDITS, LESSON, QUICK, edited_blocks
from tests.site import Site
from whatsit.fastai1.animations import show_animations

pytestmark = pytest.mark.skipif(not LESSON.is_dir(), reason=f"the lesson is not at {LESSON}")

HEADER = "epoch  train_loss  valid_loss  error_rate"
ROW = re.compile(r"(\d+) {6}(\d+\.\d{6}) +(\d+\.\d{6}) +(\d\.\d{6}) +\(\d\d:\d\d\)")


class Shell(InteractiveShell):
    """IPython without a window, as a notebook is."""

    def enable_gui(self, gui: str | None = None) -> None:
        pass


@dataclass
class Lesson:
    """What every block printed and showed, by its place counted from 1, and what was seen between them."""

    printed: dict[int, str] = field(default_factory=dict)
    shown: dict[int, list[RichOutput]] = field(default_factory=dict)
    values: dict[int, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def losses(self, block: int) -> list[tuple[float, ...]]:
        """Training loss, validation loss and error rate of each epoch that a block printed."""
        rows = filter(None, map(ROW.fullmatch, self.printed[block].splitlines()))
        return [tuple(map(float, row.groups()[1:])) for row in rows]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """IPython, which leaves this process as it was."""
    backend = plt.get_backend()
    plt.close("all")  # or the lesson draws into a figure of another test
    InteractiveShell.clear_instance()
    vars(configure_inline_support).pop("current_backend", None)  # or it skips what another shell has done
    config = Config()
    config.HistoryManager.enabled = False
    one = Shell.instance(config=config, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    show_animations()  # the first import of the lesson's names does it, which may lie behind this process
    yield one
    plt.close("all")
    plt.switch_backend(backend)
    one.restore_sys_module_state()
    Shell.clear_instance()


@pytest.fixture(scope="module")
def lesson(
    pictures: Site,
    resnets: Path,
    shell: InteractiveShell,
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lesson]:
    folder = tmp_path_factory.mktemp("lesson")
    bears = folder / "data" / "bears"
    bears.mkdir(parents=True)
    for label in CLASSES:
        urls = [pictures.url(f"/{label}/{n}.jpg") for n in range(EACH)]
        (bears / f"urls_{label}.txt").write_text("\n".join(urls))
    lists = [EDITS] if WHOLE else [EDITS, QUICK]
    blocks = edited_blocks(tmp_path_factory.mktemp("blocks"), lists)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("WHATSIT_WEIGHTS", str(resnets))
        patch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
        torch.manual_seed(42)
        yield run(blocks, shell, bears, pictures)


def run(blocks: list[str], shell: InteractiveShell, bears: Path, pictures: Site) -> Lesson:
    lesson = Lesson()
    for n, block in enumerate(blocks, 1):
        with capture_output() as captured:
            done = shell.run_cell(block, store_history=False)
        done.raise_error()
        lesson.printed[n], lesson.shown[n], lesson.values[n] = captured.stdout, captured.outputs, done.result
        if "np.random.seed(42)" in block and "valid" not in lesson.seen:
            lesson.seen["valid"] = shell.user_ns["data"].valid_ds.x.items
            shell.run_cell(block, store_history=False).raise_error()
            lesson.seen["valid again"] = shell.user_ns["data"].valid_ds.x.items
        if "learn.fit_one_cycle" in block:
            lesson.seen[f"signs of {n}"] = [one.sign for one in shell.user_ns["learn"].diagnose().findings]
        if "FileDeleter" in block:
            delete_and_undo(shell.user_ns["fd"], bears, lesson)
        if "@app.route" in block:
            lesson.seen["answer"] = ask(shell.user_ns["app"], pictures.url("/black/3.jpg"))
    return lesson


def delete_and_undo(fd: Any, bears: Path, lesson: Lesson) -> None:
    """Delete the first picture that is shown, and undo it."""
    path = fd.tiles[0].path
    before = path.read_bytes()
    fd.tiles[0].delete.click()
    fd.confirm.click()
    lesson.seen["deleted"] = not path.exists()
    fd.undo.click()
    lesson.seen["undone"] = path.read_bytes() == before


def ask(app: Any, url: str) -> dict[str, Any]:
    """What the lesson's web route answers over HTTP."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        with urlopen(f"http://127.0.0.1:{port}/classify-url?url={quote(url)}", timeout=30) as answer:
            return json.load(answer)  # type: ignore[no-any-return]
    finally:
        server.should_exit = True
        thread.join()


def test_all_blocks_run(lesson: Lesson) -> None:
    assert sorted(lesson.printed) == list(range(1, 62))


def test_pictures_are_downloaded_and_verified(lesson: Lesson) -> None:
    assert lesson.printed[9].splitlines() == ["teddys", "grizzly", "black"]
    assert lesson.values[11] == lesson.values[27] == CLASSES
    classes, c, train, valid = lesson.values[13]
    assert (classes, c, train + valid) == (CLASSES, 3, 3 * EACH)
    assert 12 <= valid <= 18


def test_the_seed_fixes_the_validation_set(lesson: Lesson) -> None:
    assert len(lesson.seen["valid"]) == len(set(lesson.seen["valid"])) == lesson.values[13][3]
    assert list(lesson.seen["valid again"]) == list(lesson.seen["valid"])


def test_training_prints_four_rows_in_the_lessons_format(lesson: Lesson) -> None:
    lines = lesson.printed[15].splitlines()
    assert HEADER in lines
    assert [row[1] for row in filter(None, map(ROW.fullmatch, lines))] == ["1", "2", "3", "4"]
    assert any(re.fullmatch(r"Total time: \d\d:\d\d", line) for line in lines)
    assert lesson.printed[18] == "LR Finder complete, type {learner_name}.recorder.plot() to see the graph.\n"


def test_a_rate_too_high_is_judged_so(lesson: Lesson) -> None:
    assert "lr_too_high" in lesson.seen["signs of 34"]
    assert "lr_too_high" not in lesson.seen["signs of 15"]


def test_a_rate_too_low_learns_slower(lesson: Lesson) -> None:
    usual, low = lesson.losses(15), lesson.losses(36)
    assert (len(usual), len(low)) == (4, 5)
    assert usual[3][0] < low[4][0]


def test_what_file_deleter_removed_is_undone(lesson: Lesson) -> None:
    assert lesson.seen["deleted"]
    assert lesson.seen["undone"]


def test_a_prediction_is_one_of_the_classes(lesson: Lesson) -> None:
    assert lesson.values[31] in CLASSES
    answer = lesson.seen["answer"]["predictions"]
    assert sorted(label for label, _ in answer) == CLASSES
    shares = [share for _, share in answer]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_figures_are_shown(lesson: Lesson) -> None:
    for block in (12, 19, 24, 37, 50, 54, 58):
        assert any("image/png" in one.data for one in lesson.shown[block]), block


def test_gradient_descent_ends_near_the_noise(lesson: Lesson) -> None:
    losses = [float(one) for one in re.findall(r"tensor\((\d+\.\d+)", lesson.printed[57])]
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0.083, abs=0.03)


def test_the_animation_plays(lesson: Lesson, shell: InteractiveShell) -> None:
    page = shell.display_formatter.format(lesson.values[61])[0]["text/html"]
    assert "<video" in page or "new Animation(frames" in page
