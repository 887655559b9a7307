"""Figures look like the pages: their colors and type, names that don't overlap, few points with values."""

import io
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from whatsit import typefaces
from whatsit.events import Event, emitting
from whatsit.figures import Plot
from whatsit.heat_map import HeatMap
from whatsit.i18n import speaking
from whatsit.model import Prediction
from whatsit.palette import color, rgb
from whatsit.project import EpochRecord
from whatsit.text import learning_rate
from whatsit.training.finder import sweep
from whatsit.typefaces import fitted, width
from whatsit.understand.plots import (
    Tried,
    draw_confusion,
    draw_experiments,
    draw_predictions,
    draw_selective,
    draw_training,
)
from whatsit.web import asset

LIGHT = asset("tokens.css").text.partition("}")[0]
LONG = [f"a breed of dogs that has a long name {number}" for number in range(20)]
CHINESE = [f"{number}号展厅里的青花瓷器皿和它们的底座" for number in range(20)]


def epochs(count: int, loss: float | None = 0.5) -> list[EpochRecord]:
    return [
        EpochRecord(epoch=n, train_loss=loss, valid_loss=0.8 / n, error_rate=0.3 / n, seconds=1.0, metrics={})
        for n in range(1, count + 1)
    ]


def words(axis: Any) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_colors_are_those_of_the_pages_in_light() -> None:
    for name in ("page", "panel", "line", "ink", "soft", "accent", "good", "warn", "bad", "s0", "s1", "s2"):
        digits = color(name)[1:]
        assert any(f"--{name}: #{one};" in LIGHT for one in (digits, digits[::2])), name
    figure = draw_training(epochs(6))
    losses, _ = figure.axes
    assert [to_hex(line.get_color()) for line in losses.lines] == [color("s0"), color("s1")]
    assert to_hex(figure.get_facecolor()) == color("page")
    assert {to_hex(text.get_color()) for text in losses.get_xticklabels()} == {color("soft")}


def test_settings_of_a_notebook_are_neither_used_nor_changed(photo: Path) -> None:
    plain = draw_training(epochs(4))._repr_png_()
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30.0, "lines.linewidth": 9.0}):
        before = dict(mpl.rcParams)
        assert draw_training(epochs(4))._repr_png_() == plain
        assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or mpl.rcParams["axes.facecolor"] == "white"


def test_few_epochs_are_dots_with_their_values_and_many_a_line_with_its_last() -> None:
    for count, expected in ((1, ["30.0%"]), (2, ["30.0%", "15.0%"]), (3, ["30.0%", "15.0%", "10.0%"])):
        losses, errors = draw_training(epochs(count)).axes
        assert [one for one in words(errors) if one] == expected
        assert {"training", "validation"} <= set(words(losses))
        assert errors.lines[0].get_marker() == "o"
        assert errors.lines[0].get_markevery() is None
    losses, errors = draw_training(epochs(30)).axes
    assert words(errors) == ["1.0%"]
    assert words(losses) == ["training 0.50", "validation 0.03"]
    assert all(axis.get_ylim()[0] == 0 for axis in (losses, errors))
    assert {tick.get_text()[-1] for tick in errors.get_yticklabels()} == {"%"}


def test_loss_that_is_no_number_is_named() -> None:
    losses, _ = draw_training(epochs(5, loss=None)).axes
    assert "training: no finite number" in words(losses)


def test_experiments_stand_with_question_and_answer() -> None:
    figure = draw_experiments(
        [Tried("What if?", epochs(1), "It fails."), Tried("And this?", epochs(9), "No.")]
    )
    assert [one.get_suptitle() for one in figure.subfigs] == ["What if?", "And this?"]
    assert [one.get_supxlabel() for one in figure.subfigs] == ["It fails.", "No."]


def test_recommended_learning_rate_is_marked_and_written() -> None:
    found = sweep(lambda rate: 2.3 - 1.5 / (1 + math.exp(-2 * (math.log10(rate) + 2.5))) + rate)
    figure = found.plot()
    (axis,) = figure.axes
    assert words(axis) == [f"recommended: {learning_rate(found.suggestion or 0)}"]
    names = [text.get_text().partition(":")[0] for text in axis.get_legend().get_texts()]
    assert names == ["longest fall", "falls fastest", "a tenth of the lowest point"]
    assert found.suggestion in [
        line.get_xdata()[0] for line in axis.lines if to_hex(line.get_color()) == color("good")
    ]


def test_scale_that_does_not_begin_at_nothing_says_so() -> None:
    answered = np.array([1.0, 0.8, 0.5])
    marks = dict.fromkeys("abc", (0.8, 0.95))
    (axis,) = draw_selective(answered, np.array([0.93, 0.95, np.nan]), marks).axes
    assert axis.get_ylim()[0] == pytest.approx(0.9)
    assert "the scale begins at 90%" in words(axis)
    (axis,) = draw_selective(answered, np.array([0.01, 0.1, 1.0]), marks).axes
    assert axis.get_ylim()[0] == 0
    assert not words(axis)


def boxes(figure: Plot, labels: list[Any]) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of labels along the direction in which they are written."""
    figure.draw_without_rendering()
    found = []
    for label in labels:
        angle = math.radians(label.get_rotation())
        corner = label.get_window_extent()
        # A slanted label is anchored at its right end, the top right corner of its box.
        x, y = corner.x1, corner.y1
        label.set_rotation(0)
        flat = label.get_window_extent()
        label.set_rotation(math.degrees(angle))
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        found.append((along - flat.width, across - flat.height, along, across))
    return found


@pytest.mark.parametrize("names", [LONG, CHINESE, LONG[:2], CHINESE[:5], list("0123456789")])
def test_names_of_classes_do_not_overlap(names: list[str]) -> None:
    counts = np.eye(len(names), dtype=np.int64)
    figure = draw_confusion(names, counts, counts.sum(1), "of all")
    (axis,) = figure.axes
    for ticks in (axis.get_xticklabels(), axis.get_yticklabels()):
        assert len(ticks) == len(names)
        found = boxes(figure, ticks)
        for place, (left, bottom, right, top) in enumerate(found):
            for other_left, other_bottom, other_right, other_top in found[place + 1 :]:
                is_apart = right <= other_left or other_right <= left
                assert is_apart or top <= other_bottom or other_top <= bottom


def test_cells_of_a_matrix_have_the_colors_of_the_report() -> None:
    counts = np.array([[3, 1], [0, 4]])
    (axis,) = draw_confusion(["a", "b"], counts, counts.sum(1), "of all").axes
    right, wrong, none = (axis.images[0].get_array()[place] for place in ((0, 0), (0, 1), (1, 0)))
    assert right.argmax() == 2, "blue"
    assert wrong.argmax() == 0, "orange"
    assert to_hex(none) == color("panel")


def test_right_and_wrong_differ_by_a_sign_besides_the_color(photo: Path) -> None:
    def answer(label: str, verdict: Any = "known") -> Prediction:
        return Prediction(label, verdict, 0.93, {label: 0.93}, 0.1)

    answers = [answer("cat"), answer("dog"), answer("dog", "novel"), answer("cat", "unsure")]
    figure = draw_predictions([(photo, "cat", one) for one in answers])
    shown = figure.axes[:4]
    assert [axis.get_title() for axis in shown] == [
        "cat (93%)",
        "dog (93%)\nlabeled cat",
        "nothing like this;\nnearest: dog (93%)",
        "not sure;\nperhaps cat (93%)",
    ]
    assert [words(axis) for axis in shown] == [["✓"], ["✗"], ["?"], ["?"]]
    tones = [color(name) for name in ("good", "bad", "warn", "warn")]
    assert [to_hex(axis.title.get_color()) for axis in shown] == tones
    with speaking("zh"):
        figure = draw_predictions([(photo, "猫", answer("狗"))])
    assert figure.axes[0].get_title() == "狗（93%）\n标签是 猫"


@pytest.mark.parametrize("text", [*LONG[:1], *CHINESE[:1], "word", "", "x" * 99, "two words", "a 熊 b"])
def test_text_is_broken_to_fit_and_cut_at_last(text: str) -> None:
    for lines in (1, 2, 9):
        rows = fitted(text, 6, lines).split("\n")
        assert len(rows) <= lines
        assert all(width(row) <= 6 for row in rows)
    assert fitted(text, 99, 1) == text
    assert fitted("a longish name", 6, 3) == "a longish\nname"


def test_figure_without_a_chinese_font_is_written_and_names_one_to_install(tmp_path: Path) -> None:
    Image.new("RGB", (60, 60), "teal").save(tmp_path / "p.png")
    code = """
from pathlib import Path
import numpy as np
from whatsit.catalog.pictures import draw_labeled
from whatsit.heat_map import HeatMap
draw_labeled([(Path("p.png"), name) for name in ("猫", "cat", "狗")]).write("figure.png")
pixels, values = np.zeros((32, 32, 3), np.uint8), np.eye(4, dtype=np.float32)
HeatMap("熊", pixels, values, values).write("why.png")
"""
    nowhere = {"XDG_DATA_DIRS": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | nowhere, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("apt install fonts-noto-cjk") == 1
    assert all(name in done.stderr for name in ("Chinese", "Windows", "Mac"))
    for name in ("figure.png", "why.png"):
        with Image.open(tmp_path / name) as image:
            assert image.width > 500


def test_figure_with_latin_names_needs_no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces, "chinese", lambda: None)
    heard: list[Event] = []
    with emitting(heard.append):
        typefaces.warn_of_boxes("Bär, ours, медведь, ✓")
    assert not heard


def test_explanation_has_the_picture_its_overlay_and_the_answer_in_both_languages() -> None:
    pixels = np.full((32, 32, 3), (0, 90, 200), np.uint8)
    evidence = np.eye(4, dtype=np.float32)
    shares = {"cat": 0.9, "dog": 0.1}
    reported: list[str] = []
    for verdict, label in (("known", "cat"), ("unsure", "cat"), ("novel", "cat"), ("novel", "dog")):
        answer: Any = Prediction("cat", verdict, 0.9, shares, 0.7)  # type: ignore[arg-type]
        found = answer.explained(HeatMap(label, pixels, evidence, evidence))
        reported += [f"{found.caption.text(lang)} | {found.verdict.text(lang)}" for lang in ("en", "zh")]
        sheet = np.asarray(found.sheet())
        assert (sheet == pixels[0, 0]).all(2).sum() > 300 * 300, "the picture itself is there"
        assert (sheet == rgb("good" if verdict == "known" else "warn")).all(2).any(), "so is the verdict"
        assert Image.open(io.BytesIO(found._repr_png_())).size == found.sheet().size
    assert reported == [
        "cat: 90.0% | Similar to the training pictures.",
        "cat：90.0% | 与训练集图片类似。",
        "Not sure | perhaps cat 90.0%: below the required minimum",
        "不确定 | 可能是 cat 90.0%，低于要求的下限",
        "Nothing like this | nearest: cat 90.0% (novelty 0.70)",
        "没见过类似的图片 | 最接近的是 cat 90.0%（陌生度 0.70）",
        "dog: 10.0% | Prediction: novel, nothing like this; nearest cat 90.0%; novelty 0.70",
        "dog：10.0% | 预测：没见过类似的图片；最接近 cat 90.0%；陌生度 0.70",
    ]
