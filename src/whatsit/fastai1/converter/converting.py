"""A fastai-1 notebook or script, converted: its imports are today's, and what can't run is listed."""

import ast
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whatsit.checks import require_place
from whatsit.errors import WhatsitError
from whatsit.fastai1.converter.arguments import Taken
from whatsit.fastai1.converter.checking import Checker
from whatsit.fastai1.converter.imported import Names
from whatsit.fastai1.converter.ipython_cells import LINES, without_magics
from whatsit.fastai1.converter.notebook_file import NotebookFile
from whatsit.fastai1.converter.rewriting import HERE, Edit, Finding, is_fastai, rewrite
from whatsit.i18n import Message
from whatsit.project.files import write_whole
from whatsit.text import printable, shortened

_FASTAI_2 = re.compile(
    r"fastai\.(\w+\.)*all|fastai\.(data|vision\.(augment|core|utils|widgets))(\..*)?|(fastai2|fastbook)(\..*)?"
)
_FASTAI_07 = re.compile(
    r"fastai\.(conv_learner|column_data|dataset|dataloader|fp16|initializers|io|learner|lm_rnn|lsuv_initializer|"
    r"model|models(\..*)?|nlp|plots|rnn_\w+|sgdr|structured|swa|transforms|set_spawn)"
)

MOST_LINES, LONGEST_LINE = 5, 90  # lines that are shown for a reason, and characters of one


@dataclass(frozen=True)
class Place:
    """What can't run, in which cell of code (None in a script), and the line as it is written."""

    cell: int | None
    finding: Finding
    code: str


@dataclass(frozen=True)
class Conversion:
    """What was written, how many imports changed, and what can't run."""

    out: Path
    imports: int
    places: Sequence[Place]


def convert(old: Path, out: Path | None, names: Names, taken: Taken) -> Conversion:
    """Write a notebook or script of fastai 1 anew, beside the old one if `out` is None.

    `names` are those that each module of today has, `taken` what its functions and objects have. Raises
    WhatsitError, also where `out` has other content.
    """
    file = NotebookFile.read(old)
    out = out or old.with_name(f"{old.stem}-whatsit{old.suffix}")
    _require_out(old, out)
    trees = [_parsed(source, file.is_notebook) for source in file.sources]
    if not file.is_notebook and isinstance(trees[0], SyntaxError):
        raise WhatsitError(Message("rewriting.not_python_script", path=old, line=trees[0].lineno or 1))
    _require_fastai_1(old, [tree for tree in trees if isinstance(tree, ast.Module)])
    edits, places = _rewritten(file, trees, names, taken)
    written = file.edited(edits)
    if not (out.is_file() and out.read_bytes() == written):
        if os.path.lexists(out):
            raise WhatsitError(Message("rewriting.exists", out=out))
        write_whole(out, written)
    return Conversion(out, sum(map(len, edits)), places)


def _rewritten(
    file: NotebookFile, trees: Sequence[ast.Module | SyntaxError], names: Names, taken: Taken
) -> tuple[list[list[Edit]], list[Place]]:
    edits, places = [], []
    cells = [
        (source, tree if isinstance(tree, ast.Module) else None)
        for source, tree in zip(file.sources, trees, strict=True)
    ]
    checker = Checker(cells, names, taken)
    for number, ((source, parsed), tree) in enumerate(zip(cells, trees, strict=True), 1):
        changes, found = rewrite(source, parsed, names) if parsed else ([], [])
        if isinstance(tree, SyntaxError):
            found.append(Finding(tree.lineno or 1, "Python", Message("rewriting.not_python")))
        found += checker.findings(source, parsed)
        lines = LINES.findall(source)
        edits.append(changes)
        places += [
            Place(number if file.is_notebook else None, one, lines[min(one.line, len(lines)) - 1].strip())
            for one in sorted(found, key=lambda one: one.line)
        ]
    return edits, places


def _parsed(source: str, is_cell: bool) -> ast.Module | SyntaxError:
    """A cell's or a script's tree, empty for a cell in another language, or why it has none."""
    code = without_magics(source) if is_cell else source
    try:
        return ast.parse(code or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error if isinstance(error, SyntaxError) else SyntaxError(str(error))


def _require_out(old: Path, out: Path) -> None:
    if out.suffix != old.suffix:
        raise WhatsitError(Message("rewriting.other_suffix", out=out, suffix=old.suffix))
    require_place(Message("rewriting.result"), out)
    if out.exists() and out.samefile(old):
        raise WhatsitError(Message("rewriting.same", out=out))


def _require_fastai_1(old: Path, trees: Sequence[ast.Module]) -> None:
    """Raise WhatsitError where nothing is imported from fastai 1."""
    modules = {name for tree in trees for node in ast.walk(tree) for name in _modules(node)}
    for pattern, code in ((_FASTAI_2, "rewriting.fastai_2"), (_FASTAI_07, "rewriting.fastai_07")):
        if module := next((one for one in sorted(modules) if pattern.fullmatch(one)), None):
            raise WhatsitError(Message(code, path=old, module=module))
    if not any(map(is_fastai, modules)):
        is_done = any(one.startswith(HERE) for one in modules)
        raise WhatsitError(Message("rewriting.done" if is_done else "rewriting.nothing", path=old))


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def described(conversion: Conversion) -> list[str]:
    """What to print: each reason once, with the names that it is about and the lines in which they stand."""
    reasons: dict[Message, dict[str, dict[str, None]]] = {}
    for place in conversion.places:
        line, code = place.finding.line, shortened(printable(place.code), LONGEST_LINE)
        where = "rewriting.in_script" if place.cell is None else "rewriting.in_cell"
        shown = reasons.setdefault(place.finding.reason, {"names": {}, "lines": {}})
        shown["names"][place.finding.name] = None
        shown["lines"][Message(where, cell=place.cell, line=line, code=code).text()] = None
    return [
        text
        for why, shown in reasons.items()
        for text in (
            Message("rewriting.why", names=list(shown["names"]), reason=why).text(),
            *list(shown["lines"])[:MOST_LINES],
            *_more(len(shown["lines"]) - MOST_LINES),
        )
    ]


def _more(count: int) -> list[str]:
    return [Message("rewriting.more", count=count).text()] if count > 0 else []
