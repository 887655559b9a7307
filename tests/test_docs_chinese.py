"""The Chinese of the documentation changes with the English."""

import re
from pathlib import Path

import pytest
from sphinx_intl.catalog import load_po

from tests import ROOT
from tests.chinese import CATALOGS, code, pages, templates, to_translate, translations, without_comments
from tests.documentation import build
from tests.tutorial import LINK, PAGE
from tests.tutorial_chinese import in_chinese


@pytest.fixture(scope="module")
def english() -> dict[str, set[str]]:
    with templates() as folder:
        return {page: {m.id for m in load_po(folder / f"{page}.pot") if m.id} for page in pages()}


def test_every_page_that_has_to_be_chinese_is(english: dict[str, set[str]]) -> None:
    remedy = "Run `make docs-chinese`, and translate what it lists (without the line `#, fuzzy`)."
    assert set(CATALOGS.glob("*.po")) == {CATALOGS / f"{page}.po" for page in [*english, "sphinx"]}, remedy
    changed = [page for page, now in english.items() if {one.id for one in translations(page)} != now]
    missing = {page: found for page in english if (found := to_translate(page))}
    assert (changed, missing) == ([], {}), remedy


def commands(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("$ ")]


def kept(text: str) -> set[str]:
    return set(re.findall(r"`[^`]+`|\]\([^)]*\)", text))


@pytest.mark.parametrize("page", pages())
def test_translation_keeps_code_and_links(page: str) -> None:
    for message in translations(page):
        english, chinese = str(message.id), str(message.string) or str(message.id)
        if english in code(page):
            assert without_comments(chinese) == without_comments(english)
        elif "\n" in english:
            assert commands(chinese) == commands(english)
        else:
            assert kept(chinese) ^ kept(english) <= {"`--lang zh`"}


def words(shown: str) -> list[str]:
    return re.sub(r"\b[0-9a-f]{64}\b|\d[\d.,:-]*", "N", LINK.sub("LINK", shown)).split()


def test_tutorial_shows_only_chinese_that_commands_print() -> None:
    """The test below runs the commands, but takes minutes."""
    said = "".join(path.read_text() for path in (ROOT / "src/whatsit/i18n/zh").glob("*.toml"))
    shown = "".join(str(one.string) for one in translations("start") if "$ whatsit " in str(one.id))

    def is_said(phrase: str) -> bool:
        """In one message, or at the end of one that another one goes on from."""
        cuts = ((phrase[:at], phrase[at:]) for at in range(1, len(phrase)))
        return phrase in said or any(f'{end}"' in said and f"}}{more}" in said for end, more in cuts)

    assert [one for one in re.findall("[\u4e00-\u9fff]+", shown) if not is_said(one)] == [], (
        "run `make docs-pictures`"
    )


@pytest.mark.soak
@pytest.mark.usefixtures("cache")
def test_commands_of_the_tutorial_print_the_chinese_that_it_shows(tmp_path: Path) -> None:
    shown = {message.id: str(message.string) for message in translations("start")}
    for block, now in in_chinese(PAGE.read_text(), tmp_path).items():
        assert words(now) == words(shown[block]), "run `make docs-pictures`"


def test_chinese_site_is_built_without_a_warning(tmp_path: Path) -> None:
    build("-W", "--keep-going", "-b", "html", "-D", "language=zh_CN", "docs", tmp_path)
    page = (tmp_path / "start.html").read_text()
    assert 'lang="zh-CN"' in page
    assert 'href="../start.html" lang="en"' in page
