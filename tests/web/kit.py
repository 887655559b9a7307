"""A page with every component of the kit; `python -m tests.web.kit FOLDER` takes pictures of it."""

import base64
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, FileSystemLoader

from tests.conftest import rendered
from tests.web import opened
from whatsit.config import Language
from whatsit.web import render
from whatsit.web.charts import (
    Axis,
    Bar,
    Bars,
    Lines,
    Matrix,
    Series,
    number_axis,
    percent_axis,
    reliability,
    svg,
)
from whatsit.web.page import _environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
SCRIPT = """{
  const find = (name) => document.getElementById(name);
  window.grid = new whatsit.PictureGrid(find("gallery"), JSON.parse(find("kit-data").textContent));
  find("save").addEventListener("click", (event) => whatsit.toast(event.target.textContent, "good"));
  find("fail").addEventListener("click", (event) => whatsit.toast(event.target.textContent, "bad"));
  window.taken = [];
  find("drop").addEventListener("pictures", (event) => taken.push(...event.detail.map((file) => file.name)));
}"""
WORDS: dict[Language, dict[str, Any]] = {
    "en": {
        "title": "Which bear is this?",
        "contents": "Contents",
        "intro": "Every component that pages share, as a page would use it.",
        "next": "What to do next",
        "cards": [
            ("Relabel 3 pictures", "The model is sure that their labels are wrong.", "warn", "3 suspects"),
            ("Collect more teddies", "Only 14 pictures show one; the others have 60 each.", "bad", "too few"),
            (
                "Keep the rest",
                "Black bears and grizzlies are recognized in 97% of cases.",
                "good",
                "97% right",
            ),
        ],
        "answer": "The answer",
        "shares": [("grizzly", 0.934), ("black", 0.061), ("teddy", 0.005)],
        "training": "Training",
        "waiting": "Waiting for a place",
        "table": "Class by class",
        "columns": ["Class", "Pictures", "Precision", "Recall"],
        "rows": [
            ("black", "1,204", "97.5%", "96.1%"),
            ("grizzly", "98", "91.0%", "100.0%"),
            ("teddy", "14", "8.0%", "7.1%"),
        ],
        "charts": "Charts",
        "panels": [
            ("training-charts", "Training"),
            ("answers-charts", "Answers"),
            ("classes-charts", "Classes"),
        ],
        "pictures": "Pictures",
        "actions": "Actions",
        "delete": "Move to the trash",
        "save": "Save",
        "fail": "Fail",
        "later": "Not yet",
        "sure": "3 pictures move to the trash. You can undo this.",
        "yes": "Move 3 pictures",
        "footer": "Made with Whatsit.",
        "epoch": "Epoch",
        "loss": "Loss",
        "train": "Training pictures",
        "valid": "Validation pictures",
        "said": "Probability",
        "right": "Right",
        "perfect": "Perfect",
        "actual": "label",
        "predicted": "answer",
        "falls": "The loss falls from 1.2 to 0.2.",
    },
    "zh": {
        "title": "这是哪种熊？",
        "contents": "目录",
        "intro": "各页面共用的全部组件，按实际页面的用法排列。",
        "next": "接下来做什么",
        "cards": [
            ("改 3 张图片的标签", "模型很有把握：这些标签标错了。", "warn", "3 张可疑"),
            ("多收集一些泰迪熊", "泰迪熊只有 14 张，其他类别各有 60 张。", "bad", "太少"),
            ("其余保持不变", "黑熊和灰熊有 97% 能分清。", "good", "正确率 97%"),
        ],
        "answer": "识别结果",
        "shares": [("灰熊", 0.934), ("黑熊", 0.061), ("泰迪熊", 0.005)],
        "training": "训练",
        "waiting": "排队中",
        "table": "各类别的表现",
        "columns": ["类别", "图片", "精确率", "召回率"],
        "rows": [
            ("黑熊", "1,204", "97.5%", "96.1%"),
            ("灰熊", "98", "91.0%", "100.0%"),
            ("泰迪熊", "14", "8.0%", "7.1%"),
        ],
        "charts": "图表",
        "panels": [("training-charts", "训练"), ("answers-charts", "回答"), ("classes-charts", "类别")],
        "pictures": "图片",
        "actions": "操作",
        "delete": "移到回收站",
        "save": "保存",
        "fail": "出错",
        "later": "暂不可用",
        "sure": "3 张图片将移到回收站，之后可以撤销。",
        "yes": "移动 3 张图片",
        "footer": "由 Whatsit 生成。",
        "epoch": "轮",
        "loss": "损失",
        "train": "训练集",
        "valid": "验证集",
        "said": "置信度",
        "right": "答对的比例",
        "perfect": "理想情况",
        "actual": "标签",
        "predicted": "预测",
        "falls": "损失从 1.2 降到 0.2。",
    },
}


def kit_page(lang: Language = "en", pictures: int = 40, inline: bool = True, **options: Any) -> str:
    """The page, with so many pictures in its grid."""
    words = WORDS[lang]
    _environment().loader = ChoiceLoader([_environment().loader, FileSystemLoader(HERE)])
    shown = [
        {"src": _uri(place % 12), "caption": words["rows"][place % 3][0] + f" {place + 1}"}
        for place in range(pictures)
    ]
    for place in range(0, pictures, 7):
        shown[place]["badge"] = {"text": words["cards"][0][3], "kind": "warn"}
    text = render(
        "kit.html",
        lang,
        inline,
        assets=["components.js", "album.js", "charts.js"],
        t=words,
        charts=_charts(words),
        pictures=shown,
        **options,
    )
    return text


@contextmanager
def kit(browser: "Browser", lang: Language = "en", width: int = 1280, **options: Any) -> Iterator["Page"]:
    """The page in a browser, with the script that a page of this kind has."""
    with opened(browser, kit_page(lang), width, **options) as page:
        page.evaluate(SCRIPT)
        yield page


def _charts(words: dict[str, Any]) -> dict[str, list[str]]:
    epochs = [1.0, 2.0, 3.0, 4.0, 5.0]
    names = [row[0] for row in words["rows"]]
    losses = Lines(
        words["falls"],
        number_axis(words["epoch"], 0.5, 5.5, is_whole=True),
        number_axis(words["loss"], 0, 1.26),
        [
            Series(words["train"], epochs, [1.2, 0.6, 0.4, 0.27, 0.2]),
            Series(words["valid"], epochs, [1.0, 0.55, 0.45, 0.4, 0.41]),
        ],
    )
    curve = Lines(
        words["falls"],
        Axis(words["pictures"], 9, 840, {10.0: "10", 100.0: "100", 800.0: "800"}, is_log=True),
        percent_axis(words["loss"], 0, 0.37),
        [
            Series(
                words["valid"], [10, 100, 800], [0.3, 0.2, 0.1], span=[(0.2, 0.36), (0.15, 0.25), (0.05, 0.2)]
            ),
            Series(words["train"], [10, 10, 100, 100], [0.31, 0.28, 0.21, 0.18], dots=True),
        ],
    )
    trust = reliability(
        Series(
            words["valid"],
            [0.55, 0.75, 0.95],
            [0.5, 0.8, 0.97],
            dots=True,
            span=[(0.3, 0.7), (0.7, 0.9), (0.93, 0.99)],
        ),
        words["perfect"],
        percent_axis(words["said"]),
        percent_axis(words["right"]),
        words["said"],
    )
    bars = Bars(
        words["answer"],
        [
            Bar(name, share, f"{share:.1%}", int(place > 0))
            for place, (name, share) in enumerate(words["shares"])
        ],
    )
    matrix = Matrix(
        words["table"], names, [[1157, 40, 7], [0, 98, 0], [9, 4, 1]], words["actual"], words["predicted"]
    )
    return {
        "training-charts": [svg(losses), svg(curve)],
        "answers-charts": [svg(trust), svg(bars)],
        "classes-charts": [svg(matrix)],
    }


@cache
def _uri(seed: int) -> str:
    file = io.BytesIO()
    rendered(seed, (144, 108)).save(file, "JPEG", quality=60)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def main() -> None:
    from tests.conftest import _chromium

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    browser = _chromium.open()
    for width in (390, 768, 1280):
        for scheme in ("light", "dark"):
            for lang in WORDS:
                with kit(browser, lang, width, color_scheme=scheme) as page:
                    name = f"{width}-{scheme}-{lang}.png"
                    page.set_viewport_size({"width": width, "height": 3000})
                    page.screenshot(path=folder / f"kit-{name}", full_page=True)
                    page.set_viewport_size({"width": width, "height": 800})
                    for place, tab in enumerate(page.get_by_role("tab").all()):
                        tab.click()
                        page.screenshot(path=folder / f"tab{place}-{name}")
                    page.locator(".gallery button").nth(1).click()
                    page.screenshot(path=folder / f"viewer-{name}")
                    page.keyboard.press("Escape")
                    page.locator("#save").click()
                    page.locator("#fail").click()
                    page.locator("[data-opens]").click()
                    page.screenshot(path=folder / f"dialog-{name}")
    _chromium.close()


if __name__ == "__main__":
    main()
