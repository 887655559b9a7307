"""Sentences in the code that belong into the catalogs: `python -m tests.sentences [FOLDER...]` lists them."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import ROOT

SRC = ROOT / "src" / "whatsit"
SENTENCE = re.compile(r"[A-Za-z']{2,}[,;:]? ([A-Za-z']{1,}|\{\})[^<>]*(\.|\w|\})$|[\u4e00-\u9fff]")
NO_SENTENCE = re.compile(r"^(SELECT|INSERT|DELETE|UPDATE|CREATE|PRAGMA|DROP|BEGIN|ALTER|WITH) ")
# What no user reads: reasons of exceptions that become another error, patterns, SQL, a repr.
INTERNAL = re.compile(
    r"\w*Error$(?<!WhatsitError)|compile|execute\w*|fullmatch|search|match|sub|brief|Accept|setattr|getattr|startswith"
)
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
    """Line, code and names of the values of every message; None where they are given with **."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Message", "say") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                names = [one.arg for one in node.keywords]
                yield node.lineno, first.value, None if None in names else frozenset(filter(None, names))


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
