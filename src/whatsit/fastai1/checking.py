"""What of a fastai-1 notebook can't run here, found by its names."""

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from whatsit.fastai1 import not_there
from whatsit.fastai1.rewriting import HERE, Finding, home, imports, is_fastai
from whatsit.i18n import Message

IPYTHON = ("In", "Out", "_", "__", "___", "display", "exit", "get_ipython", "quit", "__file__")
_LEARNERS = re.compile(r"cnn_learner|create_cnn|load_learner|\w*[lL]earner")
_OPEN = ("ImageDataBunch", "ImageList", "Learner", "ClassificationInterpretation", "Image", "Category")
# Methods that no other library has.
_OWN = re.compile(
    r"fit_one_cycle|lr_find|freeze_to|unfreeze|get_preds|show_batch|databunch|label_from_\w+|split_(none|by_\w+)|"
    r"from_(learner|name_re|similars|toplosses)|single_from_classes|most_confused|plot_(losses|lr|metrics)|"
    r"(plot_)?(top_losses|confusion_matrix)"
)
_INSTALLS = re.compile(r"[ \t]*!.*(pip3? .*install.*\bfastai\b|fast\.ai/setup)")
_BRINGS_NAMES = re.compile(r"^[ \t]*%(run|pylab|load|store)\b|^%%capture[ \t]+\w", re.MULTILINE)
Names = Mapping[str, Collection[str]]


class Checker:
    """The cells of one notebook, or a script as its only cell: what one defines, the others use."""

    def __init__(
        self, cells: Sequence[tuple[str, ast.Module | None]], names: Names, arguments: Names
    ) -> None:
        self._arguments = arguments
        self._trees = [tree for _, tree in cells if tree]
        nodes = [node for tree in self._trees for node in ast.walk(tree)]
        self._defined = {name for node in nodes for name in _bound(node)}
        self._learners = {name for node in nodes for name in _learners(node)}
        self._imported = {one.name for tree in self._trees for node in imports(tree) for one in node.names}
        stars = [
            one for one in nodes if isinstance(one, ast.ImportFrom) and any(a.name == "*" for a in one.names)
        ]
        self._names = set(names[HERE]).union(*(names[home(one.module or "") or HERE] for one in stars))
        # Where other modules or cells that can't be read bring names too, an unknown one may be theirs.
        self._knows_all = bool(stars) and all(is_fastai(one.module) for one in stars)
        self._knows_all &= not any(tree is None or _BRINGS_NAMES.search(source) for source, tree in cells)
        self._modules = {
            alias.asname or "fastai"
            for tree in self._trees
            for node in imports(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if is_fastai(alias.name) and home(alias.name) == HERE
        }

    def findings(self, source: str, tree: ast.Module | None) -> list[Finding]:
        """What can't run in a cell, besides its imports, line by line."""
        found = [
            Finding(number, "fastai", Message("rewriting.installs"))
            for number, line in enumerate(source.splitlines(), 1)
            if _INSTALLS.match(line)
        ]
        for node in ast.walk(tree) if tree else ():
            found += self._of(node)
        return sorted(dict.fromkeys(found), key=lambda one: one.line)

    def _of(self, node: ast.AST) -> Iterator[Finding]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if why := self._name(node.id):
                yield Finding(node.lineno, node.id, why)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Call) and self._is_of_lesson(node.func):
            taken = self._arguments.get(_called(node))
            for one in node.keywords:
                why = not_there.of_argument(one.arg or "")
                if one.arg and not why and taken is not None and one.arg not in taken:
                    why = Message("rewriting.argument", function=_called(node))
                if why:
                    yield Finding(one.value.lineno, f"{one.arg}=", why)
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in _OPEN and self._is_ours(base.id):
                    yield Finding(node.lineno, node.name, Message("rewriting.custom", base=base.id))

    def _is_of_lesson(self, function: ast.expr) -> bool:
        """Whether a function or method that is called is the lesson's."""
        if isinstance(function, ast.Name):
            return function.id in self._names and self._is_ours(function.id)
        if not isinstance(function, ast.Attribute):
            return False
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        is_known = owner in self._learners or (owner in _OPEN and self._is_ours(owner))
        return is_known or bool(_OWN.fullmatch(function.attr))

    def _is_ours(self, name: str) -> bool:
        return name in self._imported or name not in self._defined

    def _name(self, name: str) -> Message | None:
        if name in self._defined or name in self._names or name in IPYTHON or hasattr(builtins, name):
            return None
        return not_there.of_name(name) or (Message("rewriting.unknown") if self._knows_all else None)

    def _attribute(self, node: ast.Attribute) -> Iterator[Finding]:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in self._modules:
            why = None if node.attr in self._names else self._of_module(node.attr)
            name = f"{owner}.{node.attr}"
        else:
            why, name = not_there.of_method(node.attr, owner in self._learners), node.attr
        if why:
            yield Finding(node.lineno, name, why)

    def _of_module(self, name: str) -> Message | None:
        if home(f"fastai.{name}") == HERE:
            return Message("rewriting.dotted", module=name)
        if home(f"fastai.{name}"):
            return None
        return (
            not_there.of_name(name) or not_there.of_module(f"fastai.{name}") or Message("rewriting.no_name")
        )


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node gives something to."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.partition(".")[0] for one in node.names)


def _learners(node: ast.AST) -> Iterator[str]:
    """The names that a learner is given, as in `learn = cnn_learner(...).to_fp16()`."""
    made = node.value if isinstance(node, ast.Assign) else None
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
        made = made.func.value
    if isinstance(node, ast.Assign) and isinstance(made, ast.Call) and _LEARNERS.fullmatch(_called(made)):
        yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
