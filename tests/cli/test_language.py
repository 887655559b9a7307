"""The command line in Chinese: by --lang, WHATSIT_LANG or the locale; and English as before."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from whatsit.cli import _take_language
from whatsit.cli.app import COMMANDS
from whatsit.cli.printing import print_table
from whatsit.config import ReportConfig
from whatsit.errors import WhatsitError
from whatsit.i18n import language
from whatsit.wide import cells, to_left, to_right, wrapped

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}")  # two words, the second not a name or a number
PARSER = re.compile(r"<\w|[<>]=|\{[A-Z]|; x")  # types, limits and braces, as typer writes them
NAMES = [command.__name__ for command in COMMANDS]
SPOKEN = ("WHATSIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

Spoken = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def spoken(tmp_path: Path) -> Spoken:
    """Run the command with nothing in the environment that says a language, but what is given."""

    def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if name not in SPOKEN}
        return subprocess.run(
            [sys.executable, "-m", "whatsit", *map(str, words)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**plain, "PYTHONUTF8": "1", "COLUMNS": "80", **environment},
        )

    return run


IN_CHINESE = """
import sys
from whatsit.i18n import speak
speak("zh")
from whatsit.cli import _run
for words in sys.stdin.read().split("\\n"):
    print("<", words, sep="", flush=True)
    sys.argv = ["whatsit", *words.split()]
    sys.stderr = sys.stdout
    print(">", _run(), sep="", flush=True)
"""


@pytest.fixture(scope="module")
def in_chinese() -> Callable[..., list[tuple[int, str]]]:
    """What the command prints in Chinese, and its exit code, for each of many command lines."""

    def run(*lines: str) -> list[tuple[int, str]]:
        done = subprocess.run(
            [sys.executable, "-c", IN_CHINESE],
            input="\n".join(lines),
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "80"},
        )
        assert done.returncode == 0, done.stderr
        found = re.findall(r"^<.*\n((?:.*\n)*?)>(\d+)$", done.stdout, re.MULTILINE)
        return [(int(code), text) for text, code in found]

    return run


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--lang", "zh", "cache", "--help"], {}),
        (["cache", "--lang=zh", "--help"], {}),
        (["cache", "--help", "--lang", "zh"], {"LANG": "en_US.UTF-8"}),
        (["cache", "--help"], {"WHATSIT_LANG": "zh", "LANG": "C.UTF-8"}),
        (["cache", "--help"], {"LANG": "zh_CN.UTF-8"}),
    ],
)
def test_option_variable_and_locale_choose_chinese(
    spoken: Spoken, words: list[str], environment: dict[str, str]
) -> None:
    done = spoken(*words, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("用法：")
    assert "转换后的网络" in done.stdout


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["cache", "--help"], {}),
        (["cache", "--help"], {"LANG": "de_DE.UTF-8"}),
        (["--lang", "en", "cache", "--help"], {"WHATSIT_LANG": "zh"}),
    ],
)
def test_everything_else_is_english(spoken: Spoken, words: list[str], environment: dict[str, str]) -> None:
    done = spoken(*words, **environment)
    assert done.stdout.startswith("Usage: ")
    assert not CHINESE.search(done.stdout)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--lang", "fr", "cache"], '--lang must be en or zh, not "fr".'),
        (["cache", "--lang="], '--lang must be en or zh, not "".'),
        (["cache", "--lang"], "--lang needs a language."),
    ],
)
def test_unknown_language_is_one_sentence(spoken: Spoken, words: list[str], sentence: str) -> None:
    done = spoken(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"whatsit: {sentence} ")
    assert done.stdout == ""


def test_language_is_taken_out_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["whatsit.i18n.language"], "_default", [])
    words = ["whatsit", "--lang=en", "predict", "--lang", "zh", "b", "--", "--lang", "fr"]
    _take_language(words)
    assert words == ["whatsit", "predict", "b", "--", "--lang", "fr"]
    assert language() == "zh", "the last one counts"
    with pytest.raises(WhatsitError, match="只能是 en 或 zh"):
        _take_language(["whatsit", "--lang", "zh", "--lang", "fr"])


def test_help_of_every_command_is_chinese(in_chinese: Callable[..., list[tuple[int, str]]]) -> None:
    pages = in_chinese("--help", *(f"{name} --help" for name in NAMES))
    assert len(pages) == len(NAMES) + 1
    for code, page in pages:
        assert code == 0
        lines = page.splitlines()
        assert lines[0].startswith("用法：")
        assert "选项：" in lines
        assert lines[-1].endswith("显示本帮助并退出。") or "--debug" in page
        words = re.sub(r"whatsit (lr)?|--lang (zh|en)|--[a-z-]+ [a-z0-9]+(\|[a-z0-9]+)+", "", page)
        assert not ENGLISH.search(words), page
        assert not re.search("[A-Z]{4,}(?<!JSON)", re.sub("CSV|JavaScript|WHATSIT_KEY", "", page)), (
            "no English metavar"
        )
        assert not PARSER.search(page), page
        assert max(map(cells, lines)) <= 80
    for name in NAMES:
        assert re.search(rf"^  {name} +[\u4e00-\u9fff].*。$", pages[0][1], re.MULTILINE), name


def test_english_help_has_a_whole_sentence_for_each_command(spoken: Spoken) -> None:
    page = spoken("--help").stdout
    assert "Show this message and exit." in page
    for name in NAMES:
        assert re.search(rf"^  {name} +[A-Z].*[a-z]\.$", page, re.MULTILINE), name


def test_help_is_in_words_and_not_in_types(command: Run) -> None:
    for name in NAMES:
        page = command(name, "--help").stdout
        assert not PARSER.search(page), page
    page = command("predict", "--help").stdout
    assert page.splitlines()[0].endswith("whatsit predict [OPTIONS] BUNDLE IMAGE...")
    assert "  --precision fp32|bf16 " in page
    assert "[default: 1; at least 1]" in page
    page = command("train", "--help").stdout
    assert page.splitlines()[0].endswith("whatsit train [OPTIONS] [FOLDER]")
    for written in ("--seed N", "--valid SHARE", "--size PIXELS", "--out FILE", "--backbone NAME"):
        assert f"  {written} " in page
    assert "change the split.  [default: 0]" in page


USAGE = {
    "snipet": "没有命令“snipet”。您是不是想用“snippet”？",
    "nothing": "没有命令“nothing”。",
    "cache --emty": "没有选项 --emty。您是不是想用 --empty？",
    "cache --zzzzz": "没有选项 --zzzzz。",
    "cache -z": "没有选项 -z。",
    "cache a b": "多余的参数：a b。",
    "cache --json=3": "选项 --json 后面不能写值。",
    "train --out": "选项 --out 后面要写一个值。",
    "predict": "缺少参数“模型包”。",
    "train --epochs x": "--epochs 必须是不小于 1 的整数，而不是“x”。",
    "train --epochs 0": "--epochs 必须是不小于 1 的整数，而不是“0”。",
    "train --split-seed x": "--split-seed 必须是整数，而不是“x”。",
    "train --valid x": "--valid 必须是数字，而不是“x”。",
    "train --time-budget x": "--time-budget 必须是不小于 0 的数字，而不是“x”。",
    "train --augment x": "“--augment”的值无效：“x”不是“auto”、“full”、“none”之一。",
}


def test_usage_errors_are_chinese(in_chinese: Callable[..., list[tuple[int, str]]]) -> None:
    for (words, sentence), (code, text) in zip(USAGE.items(), in_chinese(*USAGE), strict=True):
        assert code == 2
        assert text.splitlines()[-1] == f"错误：{sentence}", words
        if words not in (
            "cache --json=3",
            "train --out",
        ):  # of which typer does not say what command they are
            assert re.match("用法：whatsit .*\n运行“whatsit.* --help”查看帮助。\n\n错误：.*\n$", text), words


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("trian x", "Unknown command 'trian'. Did you mean 'train', 'trash'?"),
        ("train --epoch 3 x", "Unknown option --epoch. Did you mean --epochs?"),
        ("train --zzzzz", "Unknown option --zzzzz."),
        ("train --epochs many x", '--epochs must be a whole number of at least 1, not "many".'),
        ("train --epochs 0 x", '--epochs must be a whole number of at least 1, not "0".'),
        ("train --seed -1 x", '--seed must be a whole number from 0 to 4294967296, not "-1".'),
        ("train --valid x", '--valid must be a number, not "x".'),
        ("train --time-budget x", '--time-budget must be a number of at least 0, not "x".'),
        ("train --augment x", "Invalid value for '--augment': 'x' is not one of 'auto', 'full', 'none'."),
        ("cache a b", "Unexpected words: a b"),
    ],
)
def test_usage_errors_say_what_would_be_right(command: Run, words: str, sentence: str) -> None:
    done = command(*words.split())
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: {sentence}"
    assert done.stderr.startswith("Usage: ")


def test_command_without_words_shows_its_help(in_chinese: Callable[..., list[tuple[int, str]]]) -> None:
    ((code, text), (_, page)) = in_chinese("", "--help")
    assert code == 2
    assert text == page


def test_mistakes_in_the_input_are_chinese(spoken: Spoken) -> None:
    for words, sentence in {
        ("train",): "whatsit: 没有可用于训练的图片。请指定一个文件夹，其中每个类别一个子文件夹。\n",
        ("train", "x", "--lr", "y"): "whatsit: --lr y 不是学习率。请输入一个数，或几个数：1e-3,3e-3,1e-2。\n",
        (
            "train",
            "x",
            "--size",
            "x",
        ): "whatsit: --size 只能是 auto 或像素数，不能是“x”。不写这个选项就会自动选择。\n",
    }.items():
        done = spoken("--lang", "zh", *words)
        assert (done.returncode, done.stderr) == (2, sentence)


def test_json_is_the_same_in_both_languages(command: Run, digits: Path) -> None:
    assert command("train", digits, "--epochs", 2, "--augment", "none").returncode == 0
    assert command("train", digits, "--epochs", 2, "--augment", "none", "--seed", 1).returncode == 0
    picture = next((digits / "0").iterdir())
    for words in (
        ("verify", digits, "--dry-run"),
        ("show", digits, "--save", "x.png"),
        ("runs", digits),
        ("trash", digits),
        ("evaluate", "digits.whatsit", digits),
        ("predict", "digits.whatsit", picture, "none.png"),
        ("report", "1", digits, "--out", "report.html"),
        ("env", digits),
        ("cache",),
    ):
        english, chinese = (
            json.loads(command(*words, "--json", "--lang", lang).stdout) for lang in ("en", "zh")
        )
        assert english == chinese, words


def test_training_is_told_in_chinese(command: Run, digits: Path, tmp_path: Path) -> None:
    done = command("train", digits, "--epochs", 2, "--augment", "none", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert re.match(r"图片太少，无法判断：12 张中答对 \d+ 张", done.stdout)
    assert "\n模型包：digits.whatsit（" in done.stdout
    assert 'lang="zh-CN"' in (tmp_path / "digits-report.html").read_text(encoding="utf-8")
    listed = command("runs", digits, "--lang", "zh").stdout.splitlines()
    assert listed[0] == "12 张验证集图片"
    assert re.match(r"训练记录 +日期 +模型包 +错误率 +与最低者相比$", listed[1])
    assert len({cells(line) for line in listed[1:3]}) == 1


def test_report_takes_the_current_language_unless_it_is_named() -> None:
    assert ReportConfig("1").lang is None


def test_wide_characters_take_two_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert [cells(text) for text in ("bear", "棕熊", "熊 1", "é", "e\u0301")] == [4, 4, 4, 1, 1]
    assert (to_left("熊", 4) + "|", to_right("熊", 4)) == ("熊  |", "  熊")
    print_table(["类别", "图片"], [["棕熊", "12"], ["bear", "1,000"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["类别   图片", "棕熊     12", "bear  1,000"]
    assert {cells(line) for line in lines} == {11}


def test_lines_are_broken_between_wide_characters_and_not_before_punctuation() -> None:
    text = "训练一个分类器，保存为 bears.whatsit 模型包。 [默认：0.2]"
    for width in range(16, 60):
        lines = wrapped(text, width)
        assert all(cells(line) <= width for line in lines)
        assert not any(line[0] in "，。 " for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert any("[默认：0.2]" in line for line in lines)
    assert wrapped("no-matter-how-long-it-is", 5) == ["no-matter-how-long-it-is"]
    assert wrapped("", 5) == []
