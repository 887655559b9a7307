"""The imports of fastai 1 in a cell or script, rewritten to today's; all other text stays as it is."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from whatsit.fastai1 import not_there
from whatsit.fastai1.ipython_cells import LINES
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


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The statements that import fastai."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Import) and any(is_fastai(one.name) for one in node.names)) or (
            isinstance(node, ast.ImportFrom) and not node.level and is_fastai(node.module)
        ):
            yield node


def rewrite(
    source: str, tree: ast.Module, names: Mapping[str, Collection[str]]
) -> tuple[list[Edit], list[Finding]]:
    """Edits that rewrite the imports in a source with the lines and columns of `tree`, and what is not there.

    `names` are those that each home has; others are left out of their import, and reported.
    """
    edits, findings, positions = [], [], _Positions(source)
    for node in sorted(imports(tree), key=lambda one: (one.lineno, one.col_offset)):
        start, end = positions.of(node)
        old = source[start:end]
        new, missing = _import(node) if isinstance(node, ast.Import) else _from(node, old, names)
        if new == "pass" and _ENDS.match(source, end):
            new = f"pass  # {ast.unparse(node)}"
        edits.append(Edit(start, end, new))
        findings += missing
    return edits, findings


def _import(node: ast.Import) -> tuple[str, list[Finding]]:
    kept, findings = [], []
    for one in node.names:
        where = home(one.name)
        if not is_fastai(one.name):
            kept.append(one)
        elif where is None:
            findings.append(Finding(node.lineno, one.name, reason_of_module(one.name)))
        elif one.asname or where == HERE:
            kept.append(ast.alias(where, one.asname or "fastai"))
        else:
            kept += [ast.alias(where), ast.alias(HERE, "fastai")]
    return (ast.unparse(ast.Import(kept)) if kept else "pass"), findings


def _from(node: ast.ImportFrom, old: str, names: Mapping[str, Collection[str]]) -> tuple[str, list[Finding]]:
    module = node.module or ""
    where = home(module)
    if where is None:
        return "pass", [Finding(node.lineno, module, reason_of_module(module))]
    kept, modules, findings = [], [], []
    for one in node.names:
        is_model = where == MODELS and not not_there.of_name(one.name)
        if one.name == "*" or one.name in names[where] or is_model:
            kept.append(one)
        elif inner := home(f"{module}.{one.name}"):
            modules.append(ast.alias(inner, one.asname or one.name))
        else:
            findings.append(Finding(node.lineno, one.name, _of_name(one.name)))
    if len(kept) == len(node.names) and (found := _FROM.match(old)):
        return f"{old[: found.start(1)]}{where}{old[found.end(1) :]}", []
    statements = [ast.ImportFrom(where, kept, 0)] * bool(kept) + [ast.Import(modules)] * bool(modules)
    return "; ".join(map(ast.unparse, statements)) or "pass", findings


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
