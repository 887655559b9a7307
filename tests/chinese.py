"""The Chinese of the documentation: `make docs-chinese` brings its catalogs in step with the English text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from sphinx_intl.catalog import load_po, update_with_fuzzy

from tests import ROOT
from tests.documentation import build

DOCS = ROOT / "docs"
CATALOGS = DOCS / "locale" / "zh_CN" / "LC_MESSAGES"
CHINESE = ("Begin", "How to")  # the parts of the site that have to be Chinese, besides its first page
HEADER = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def pages() -> list[str]:
    """The pages that have to be Chinese, and others that have a catalog."""
    parts = re.findall(r"```\{toctree\}\n:caption: ([^\n]+)\n(.*?)```", (DOCS / "index.md").read_text(), re.S)
    found = {caption: re.findall(r"^(?!:)\S+$", entries, re.M) for caption, entries in parts}
    wanted = ["index", *(page for caption in CHINESE for page in found[caption])]
    others = {path.stem for path in CATALOGS.glob("*.po")}
    return wanted + sorted(page for page in others.difference(wanted) if (DOCS / f"{page}.md").exists())


@contextmanager
def templates() -> Iterator[Path]:
    """A folder with the messages of each page as it is now, NAME.pot."""
    with TemporaryDirectory() as folder:
        build("-b", "gettext", DOCS, folder)
        yield Path(folder)


def without_comments(code: str) -> str:
    return re.sub(r"\s*(#|//).*", "", code)


def code(page: str) -> set[str]:
    """The blocks of code of a page, not those of output."""
    text = (DOCS / f"{page}.md").read_text()
    blocks = re.findall(r"^( *)```(?:sh|python|bat)\n(.*?)^ *```", text, re.S | re.M)
    return {re.sub(f"^{indent}", "", block, flags=re.M) for indent, block in blocks}


def translations(page: str) -> list[Message]:
    return [message for message in load_po(CATALOGS / f"{page}.po") if message.id]


def to_translate(page: str) -> list[str]:
    """The messages of a page without a Chinese text that they need, or with one that may be out of date."""
    blocks = code(page)

    def has_words(text: str) -> bool:
        if text in blocks:
            return without_comments(text) != text
        return not is_code(text)

    return [
        str(message.id)
        for message in translations(page)
        if message.fuzzy or (not message.string and has_words(str(message.id)))
    ]


def is_code(text: str) -> bool:
    """Whether a message has no words besides code, and so nothing to translate."""
    return re.search(r"[^\W\d_]", re.sub(r"`[^`]*`", "", text)) is None


def write(path: Path, catalog: Catalog) -> None:
    """Without dates and places, so that versions differ in sentences alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalog, width=0, omit_header=True, ignore_obsolete=True)


def translate(path: Path, texts: dict[str, str]) -> None:
    """Put the Chinese of these messages into a catalog."""
    catalog = load_po(path)
    for english, chinese in texts.items():
        catalog[english].string = chinese
        catalog[english].flags.discard("fuzzy")
    write(path, catalog)


def in_step(path: Path, template: Path, known: list[Message]) -> None:
    """Make the catalog of a page anew, from what is translated on any page: a paragraph may move."""
    catalog = Catalog()
    for message in known:
        catalog.add(message.id, message.string, flags=message.flags)
    update_with_fuzzy(catalog, load_po(template))
    for message in catalog:
        if message.fuzzy and is_code(str(message.id)):
            message.string = ""
            message.flags.discard("fuzzy")
    write(path, catalog)


def refresh() -> None:
    """Bring all catalogs in step with the English text."""
    paths = {page: CATALOGS / f"{page}.po" for page in pages()}
    before = set(CATALOGS.glob("*.po")) - {CATALOGS / "sphinx.po"}
    known = [message for path in sorted(before) for message in load_po(path) if message.id and message.string]
    with templates() as folder:
        for page, path in paths.items():
            in_step(path, folder / f"{page}.pot", known)
    for path in before.difference(paths.values()):
        path.unlink()


def main() -> None:
    refresh()
    for page in pages():
        for message in to_translate(page):
            print(f"docs/locale/zh_CN/LC_MESSAGES/{page}.po: {message[:70]!r}")


if __name__ == "__main__":
    main()
