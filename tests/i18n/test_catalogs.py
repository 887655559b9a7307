"""Both languages have the same sentences, and the code uses all of them, with the values that they need."""

import ast
import pickle
import re
from string import Formatter

import pytest

from tests.sentences import REPORT, SRC, of_report, outside, used
from whatsit.errors import FetchError, WhatsitError
from whatsit.i18n import Message, chosen, codes, say, speaking

# No sentences: fonts, operators, columns, CSS, types, what is odd in a picture.
NO_SENTENCES = re.compile(
    r"Segoe UI|Helvetica Neue|Noto Sans|Hiragino Sans GB\.ttc|STHeiti Medium\.ttc|"
    r"DejaVu Sans|\s+(Add AveragePool|Abs And)[\w\s]+|splits JOIN rules .*|id, action, .*|"
    r"content, choice, .*|"
    r"Pillow \{\}, \{\} pixels|Public Domain Mark|padding: .*|\{\}; border-bottom.*|nn\.Module .*|"
    r"offset points|axes fraction|outside lower left|upper left|"
    r"wrong extension|on its side|extreme shape|too large|"
    r"a fault while answering %s|a correction was not kept|"  # for operators
    r"Too many files|text/plain; .*|"  # of libraries
    r"Total time: \{\}|LR Finder complete, .*|Min (numerical gradient|loss divided by 10): \{\}|"  # fastai 1
    r"Seconds from the head .*|Pictures that were answered\.|Requests (in|that) .*|"  # for Prometheus
    r"its number of steps is odd|chart counts|(public|private), max-age=.*|"
    r"these are the weights of other heads"
)
SOURCES = sorted(SRC.rglob("*.py"))
PAGES = sorted((SRC / "web" / "templates").glob("*.html"))
SCRIPTS = sorted((SRC / "web" / "static").glob("*.js"))


def placeholders(entry: str | dict[str, str]) -> set[str]:
    texts = [entry] if isinstance(entry, str) else entry.values()
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_codes_parts_and_placeholders() -> None:
    english, chinese = codes("en"), codes("zh")
    assert english.keys() == chinese.keys()
    for code, entry in english.items():
        other = chinese[code]
        assert isinstance(entry, str) == isinstance(other, str), code
        if isinstance(entry, dict) and isinstance(other, dict):
            assert entry.keys() == other.keys(), code
            assert entry.keys() <= {"what", "next"}, code
        assert placeholders(entry) == placeholders(other), code


def test_every_message_has_its_sentence_and_the_values_that_it_needs() -> None:
    english = codes("en")
    for source in [*SOURCES, *PAGES, *SCRIPTS]:
        for line, code, names in used(source):
            assert code in english, f"{source}:{line}: {code}"
            if names is not None:
                assert names == placeholders(english[code]), f"{source}:{line}: {code}"


def test_percent_signs_touch_their_numbers() -> None:
    texts = [(code, str(entry)) for lang in ("en", "zh") for code, entry in codes(lang).items()]
    assert [code for code, text in texts if re.search(r"[\d}] %", text)] == []


def test_chinese_sentences_have_chinese_punctuation() -> None:
    ascii_marks = re.compile("[\u4e00-\u9fff][,;:!?]|[,;:!?] [\u4e00-\u9fff]")
    texts = [(code, str(entry)) for code, entry in codes("zh").items()]
    found = [code for code, text in texts if ascii_marks.search(text.replace("（http: 或 https:）", ""))]
    assert found == []


def test_learning_rates_are_written_in_one_way() -> None:
    rates = {
        0.003: "0.003",
        0.00043: "0.00043",
        1e-4: "0.0001",
        5e-5: "5e-5",
        1e-7: "1e-7",
        0.29: "0.29",
        10.0: "10",
    }
    assert {rate: say("plots.recommended", lr=rate) for rate in rates} == {
        rate: f"recommended: {text}" for rate, text in rates.items()
    }


def test_no_sentence_is_left_that_nobody_uses() -> None:
    texts = {
        node.value
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    in_pages = {key for page in PAGES for key in re.findall(r"'(\w+)'", page.read_text(encoding="utf-8"))}
    texts |= {of_report(text) for text in texts | in_pages}
    texts |= {code for source in [*PAGES, *SCRIPTS] for _, code, _ in used(source)}
    free = ("progress.",)  # named by what reports progress
    assert [code for code in codes("en") if code not in texts and not code.startswith(free)] == []


def test_keys_of_a_report_are_in_one_catalog_each() -> None:
    keys = [code.partition(".")[2] for code in codes("en") if REPORT.fullmatch(code)]
    assert sorted(keys) == sorted(set(keys))


def test_no_sentence_stands_in_the_code() -> None:
    found = [(source, line, text) for source in SOURCES for line, text in outside(source)]
    assert [
        f"{source}:{line}: {text}" for source, line, text in found if not NO_SENTENCES.fullmatch(text)
    ] == []


def test_messages_are_put_into_words_where_they_are_read() -> None:
    inner = Message("predict.no_pictures", folder="bears")
    outer = Message("predict.unreadable", path="x.jpg", reason=inner)
    assert str(outer) == "x.jpg: bears contains no pictures. Give a folder with pictures, or a file."
    with speaking("zh"):
        assert str(outer) == "x.jpg：bears 里没有图片。请指定含有图片的文件夹，或某个文件。"
    assert Message.from_dict(outer.to_dict()) == outer
    assert Message("nobody.knows_this", x=1).text() == "nobody.knows_this"


def test_errors_survive_pickling_with_their_message() -> None:
    for error in (
        WhatsitError(Message("predict.no_pictures", folder="bears")),
        FetchError(Message("predict.no_stdin"), passing=True, wait=3.0),
        WhatsitError("What is wrong.", "What to do."),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
        with speaking("zh"):
            assert str(again) == str(error)


@pytest.mark.parametrize(
    ("words", "environment", "lang"),
    [
        ([], {}, "en"),
        ([], {"LANG": "C.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE"}, "en"),
        ([], {"LANG": "en_US", "WHATSIT_LANG": "zh"}, "zh"),
        (["train", "--lang", "en"], {"WHATSIT_LANG": "zh"}, "en"),
        (["--lang=zh", "train"], {}, "zh"),
        (["predict", "--", "--lang", "zh"], {}, "en"),
        ([], {"LANG": "zhx"}, "en"),
    ],
)
def test_language_is_that_of_the_option_the_variable_or_the_locale(
    words: list[str], environment: dict[str, str], lang: str
) -> None:
    assert chosen(words, environment) == lang


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_numbers_choose_their_words(count: int) -> None:
    text = say("report_training.data_all", images=count, classes=2)
    assert f"{count:,} picture{'s' * (count > 1)} " in text
