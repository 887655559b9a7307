"""The imports of fastai 1 in a cell or script, rewritten to today's; all other text stays as it is."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from whatsit.fastai1 import not_there
from whatsit.fastai1.converter.ipython_cells import LINES
from whatsit.i18n import Message

HERE = "whatsit.fastai1"
WIDGETS, MODELS = f"{HERE}.widgets", f"{HERE}.models"  # which takes any name of timm's
_SERVED = (
    "fastai|fastai.(basics|basic_data|basic_train|core|data_block|imports|imports.core|imports.torch|metrics|"
    "torch_core|train|vision|vision.data|vision.image|vision.interpret|vision.learner|vision.transform|interpret|"
    "gen_doc.nbdoc)"
)
_FROM = re.compile(r"from[\s\\]+(fastai(?:[\s\\]*\.[\s\\]*\w+)*)[\s\\]+import")
_ENDS = re.compile(r"[ \t]*(#|\r|\n|$)")


@dataclass(frozen=True)
class Finding:
    """What can't run, in which line, counted from 1, and why."""

    line: int
    name: str
    reason: Message


@dataclass(frozen=True)
class Edit:
    """Text that stands instead of the characters from `start` to before `end`."""

    start: int
    end: int
    text: str


def home(module: str) -> str | None:
    """Where the names of a module of fastai 1 are today; None for one that has no place."""
    if re.fullmatch(r"fastai\.widgets(\.image_cleaner)?", module):
        return WIDGETS
    if module == "fastai.vision.models":
        return MODELS
    return HERE if re.fullmatch(_SERVED.replace(".", r"\."), module) else None


def is_fastai(module: str | None) -> bool:
    return (module or "").partition(".")[0] == "fastai"


def imports_fastai(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Whether a node is a statement that imports fastai."""
    if isinstance(node, ast.Import):
        return any(is_fastai(one.name) for one in node.names)
    return isinstance(node, ast.ImportFrom) and not node.level and is_fastai(node.module)


def rewrite(
    source: str, tree: ast.Module, names: Mapping[str, Collection[str]]
) -> tuple[list[Edit], list[Finding]]:
    """Edits that rewrite the imports in a source with the lines and columns of `tree`, and what is not there.

    `names` are those that each home has; others are left out of their import, and reported.
    """
    edits: list[Edit] = []
    findings: list[Finding] = []
    positions = _Positions(source)
    statements = [node for node in ast.walk(tree) if imports_fastai(node)]
    for node in sorted(statements, key=lambda one: (one.lineno, one.col_offset)):
        start, end = positions.of(node)
        old = source[start:end]
        new = _import(node) if isinstance(node, ast.Import) else _from(node, old, names)
        if new == "pass" and _ENDS.match(source, end):
            new = f"pass  # {ast.unparse(node)}"
        edits.append(Edit(start, end, new))
        findings += dict.fromkeys(found for _, found in missing(node, names))
    return edits, findings


def missing(
    node: ast.Import | ast.ImportFrom, names: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, Finding]]:
    """The names that an import of fastai gave the code and today's does not, each with the reason."""
    if isinstance(node, ast.Import):
        for one in node.names:
            if is_fastai(one.name) and home(one.name) is None:
                yield one.asname or "fastai", Finding(node.lineno, one.name, reason_of_module(one.name))
        return
    module = node.module or ""
    for one in node.names:
        if home(module) is None:
            yield one.asname or one.name, Finding(node.lineno, module, reason_of_module(module))
        elif not (_is_there(module, one.name, names) or home(f"{module}.{one.name}")):
            yield one.asname or one.name, Finding(node.lineno, one.name, _of_name(one.name))


def _is_there(module: str, name: str, names: Mapping[str, Collection[str]]) -> bool:
    """Whether the home of a module has a name."""
    where = home(module) or ""
    is_model = where == MODELS and not not_there.of_name(name)
    return name == "*" or name in names[where] or is_model


def _import(node: ast.Import) -> str:
    kept = []
    for one in node.names:
        where = home(one.name)
        if not is_fastai(one.name):
            kept.append(one)
        elif where and (one.asname or where == HERE):
            kept.append(ast.alias(where, one.asname or "fastai"))
        elif where:
            kept += [ast.alias(where), ast.alias(HERE, "fastai")]
    return ast.unparse(ast.Import(kept)) if kept else "pass"


def _from(node: ast.ImportFrom, old: str, names: Mapping[str, Collection[str]]) -> str:
    module = node.module or ""
    where = home(module)
    if where is None:
        return "pass"
    kept = [one for one in node.names if _is_there(module, one.name, names)]
    if len(kept) == len(node.names) and (found := _FROM.match(old)):
        return f"{old[: found.start(1)]}{where}{old[found.end(1) :]}"
    inside = [(home(f"{module}.{one.name}"), one) for one in node.names if one not in kept]
    modules = [ast.alias(inner, one.asname or one.name) for inner, one in inside if inner]
    statements = [ast.ImportFrom(where, kept, 0)] * bool(kept) + [ast.Import(modules)] * bool(modules)
    return "; ".join(map(ast.unparse, statements)) or "pass"


def reason_of_module(name: str) -> Message:
    """Why a module of fastai 1 is not there."""
    return not_there.of_module(name) or Message("rewriting.module")


def _of_name(name: str) -> Message:
    return not_there.of_name(name) or Message("rewriting.no_name")


class _Positions:
    """Where nodes lie in a source, in characters."""

    def __init__(self, source: str) -> None:
        self._lines = LINES.findall(source)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.stmt) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(
            node.end_lineno or 0, node.end_col_offset or 0
        )

    def _at(self, line: int, column: int) -> int:
        """The place of a column, which is counted in bytes."""
        before = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._starts[line - 1] + len(before.decode("utf-8", "surrogatepass"))
