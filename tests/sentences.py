"""Sentences in the code that belong into the catalogs: `python -m tests.sentences [FOLDER...]` lists them."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

from tests import ROOT
from whatsit.i18n import codes

SRC = ROOT / "src" / "whatsit"
SENTENCE = re.compile(r"[A-Za-z']{2,}[,;:]? ([A-Za-z']{1,}|\{\})[^<>]*(\.|\w|\})$|[\u4e00-\u9fff]")
NO_SENTENCE = re.compile(r"^(SELECT|INSERT|DELETE|UPDATE|CREATE|PRAGMA|DROP|BEGIN|ALTER|WITH) ")
# What no user reads: reasons of exceptions that become another error, patterns, SQL, a repr.
INTERNAL = re.compile(
    r"\w*Error$(?<!WhatsitError)|compile|execute\w*|fullmatch|search|match|sub|brief|Accept|setattr|getattr|startswith"
)
REPORT = re.compile(r"report(_\w+)?\..+")
OURS = re.compile(
    r"(Whatsit|Image|UnusableImage|FileAccess|Catalog|Project|Untrusted|ReadOnlyProject|Backbone|Diverged|Bundle|Network|Fetch|Collect|Missing|Weights)Error"
)


def outside(source: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each sentence in a module that is not a docstring, a pattern, SQL or a repr."""
    yield from _sentences(ast.parse(source.read_text(encoding="utf-8")))


def _sentences(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.FunctionDef) and node.name in ("__repr__", "_repr_html_"):
        return
    if isinstance(node, ast.Call) and _is_internal(node.func):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = _text(node)
        if SENTENCE.search(text) and not NO_SENTENCE.match(text):
            yield node.lineno, text
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def _is_internal(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return bool(INTERNAL.fullmatch(name)) and not OURS.fullmatch(name)


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)


def used(source: Path) -> Iterator[tuple[int, str, frozenset[str] | None]]:
    """Line, code and names of the values of every message; None where they are given with **.

    Also of a report's `words("key", ...)`, of `w('key', ...)` in its page, and of `say("code")` in pages and
    scripts.
    """
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".html":
        yield from _used_in_page(text)
        return
    if source.suffix == ".js":
        yield from _used_in_script(text)
        return
    for node in ast.walk(ast.parse(text)):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and called in ("Message", "say", "words") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                names = [one.arg for one in node.keywords]
                code = of_report(first.value) if called == "words" else first.value
                yield node.lineno, code, None if None in names else frozenset(filter(None, names))


def _used_in_page(text: str) -> Iterator[tuple[int, str, frozenset[str]]]:
    for call in Environment().parse(text).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("w", "say"):
            first, names = call.args[0], frozenset(one.key for one in call.kwargs)
            ways = [first.expr1, first.expr2] if isinstance(first, nodes.CondExpr) else [first]
            yield from (
                (call.lineno, of_report(one.value), names) for one in ways if isinstance(one, nodes.Const)
            )


def _used_in_script(text: str) -> Iterator[tuple[int, str, None]]:
    for line, words in enumerate(text.splitlines(), 1):
        yield from ((line, found, None) for found in re.findall(r'\bsay\("(\w+\.\w+)"', words))


def of_report(key: str) -> str:
    """The code of a report's key, which is named without its catalog."""
    return _of_reports().get(key, key)


@cache
def _of_reports() -> dict[str, str]:
    return {code.partition(".")[2]: code for code in codes("en") if REPORT.fullmatch(code)}


def main() -> None:
    places = [Path(one) for one in sys.argv[1:]] or [SRC]
    files = [
        file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])
    ]
    found = [f"{file}:{line}: {text}" for file in files for line, text in outside(file)]
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
