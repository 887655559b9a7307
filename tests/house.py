"""The check of `make lint` that modules and functions stay short: `python -m tests.house`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import ROOT

SRC = ROOT / "src"
MODULE, FUNCTION = 400, 60  # lines, of a function without its signature
ARGUMENTS = 7  # that must be given: users' functions have more of them with a default


def too_long(source: Path, root: Path = SRC) -> Iterator[str]:
    """A sentence for a module, and for each of its functions, that is too long or takes too much."""
    text = source.read_text(encoding="utf-8")
    place, lines = source.relative_to(root), text.count("\n")
    if lines > MODULE:
        yield f"{place} has {lines} lines; {MODULE} are allowed"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.body[0].lineno + 1
            if length > FUNCTION:
                yield f"{place}:{node.lineno}: {node.name} has {length} lines; {FUNCTION} are allowed"
            if (needed := _needed(node.args)) > ARGUMENTS:
                yield f"{place}:{node.lineno}: {node.name} needs {needed} arguments; {ARGUMENTS} are allowed"


def _needed(given: ast.arguments) -> int:
    """How many arguments have no default, without `self`."""
    names = [one.arg for one in given.args]
    return len(names) - len(given.defaults) - (names[:1] in (["self"], ["cls"]))


def main() -> None:
    found = [line for source in sorted(SRC.rglob("*.py")) for line in too_long(source)]
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
