"""What of a fastai-1 notebook can't run here, found by its names."""

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from whatsit.fastai1 import not_there
from whatsit.fastai1.converter.arguments import Taken
from whatsit.fastai1.converter.gradients import drawn, parameters
from whatsit.fastai1.converter.imported import Imported, Names
from whatsit.fastai1.converter.owners import CLASSES, Owners, called_by
from whatsit.fastai1.converter.rewriting import HERE, Finding, home, is_fastai
from whatsit.i18n import Message

IPYTHON = ("In", "Out", "_", "__", "___", "display", "exit", "get_ipython", "quit", "__file__")
# Methods that no other library has.
_OWN = re.compile(
    r"fit_one_cycle|lr_find|freeze_to|unfreeze|get_preds|show_batch|databunch|label_from_\w+|split_(none|by_\w+)|"
    r"from_(learner|name_re|similars|toplosses)|single_from_classes|most_confused|plot_(losses|lr|metrics)|"
    r"(plot_)?(top_losses|confusion_matrix)"
)
_INSTALLS = re.compile(r"[ \t]*!.*(pip3? .*install.*\bfastai\b|fast\.ai/setup)")
_WRITES_FASTAI = re.compile(
    r"\A\s*%%(writefile|file)\b[\s\S]*^\s*(from\s+fastai[\w.]*\s+import|import\s+fastai)\b", re.MULTILINE
)
_BRINGS_NAMES = re.compile(r"^[ \t]*%(run|pylab|load|store)\b|^%%capture[ \t]+\w", re.MULTILINE)
Cells = Sequence[tuple[str, ast.Module | None]]  # their source, and its tree where it can be read


class Checker:
    """The cells of one notebook, or a script as its only cell: what one defines, the others use."""

    def __init__(self, cells: Cells, names: Names, taken: Taken) -> None:
        nodes = [node for _, tree in cells if tree for node in ast.walk(tree)]
        self._taken, self._imported = taken, Imported(nodes, names)
        self._owners, self._parameters = Owners(nodes), parameters(nodes)
        self._given = {node.attr for node in nodes if _gives_own(node)}
        self._knows_all = _knows_all(self._imported.stars, cells)

    def findings(self, source: str, tree: ast.Module | None) -> list[Finding]:
        """What can't run in a cell, besides its imports, line by line."""
        found = [
            Finding(number, "fastai", Message("rewriting.installs"))
            for number, line in enumerate(source.splitlines(), 1)
            if _INSTALLS.match(line)
        ]
        if _WRITES_FASTAI.search(source):
            found.append(Finding(1, "%%writefile", Message("rewriting.writes")))
        for node in ast.walk(tree) if tree else ():
            found += self._of(node)
        return sorted(dict.fromkeys(found), key=lambda one: one.line)

    def _of(self, node: ast.AST) -> Iterator[Finding]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if gone := self._imported.gone.get(node.id):
                yield replace(gone, line=node.lineno)
            elif why := self._name(node.id):
                yield Finding(node.lineno, node.id, why)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Subscript):
            if self._owner(node.value) == "Transforms":
                yield Finding(node.lineno, "get_transforms", Message("rewriting.two_transforms"))
        elif isinstance(node, ast.Assign):
            if any(map(self._is_data_of_learner, node.targets)):
                yield Finding(node.lineno, "data", Message("rewriting.learner_data"))
            if isinstance(node.targets[0], ast.Tuple) and self._owner(node.value) == "Transforms":
                yield Finding(node.lineno, "get_transforms", Message("rewriting.two_transforms"))
        elif isinstance(node, ast.Call) and self._is_of_lesson(node.func):
            yield from self._call(node)
        elif isinstance(node, ast.Call) and (name := drawn(node, self._parameters)):
            yield Finding(node.lineno, name, Message("rewriting.detach", name=name))
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in CLASSES and self._is_ours(base.id):
                    yield Finding(node.lineno, node.name, Message("rewriting.custom", base=base.id))

    def _call(self, node: ast.Call) -> Iterator[Finding]:
        """The arguments of a call that the lesson's function does not take."""
        function = called_by(node)
        owner = self._owner(node.func.value) if isinstance(node.func, ast.Attribute) else None
        taken = self._taken.by(function, owner)
        for one in node.keywords:
            if one.arg is None or (taken and one.arg in taken.names):
                continue
            why = not_there.of_argument(one.arg, function)
            if why is None and taken:
                why = Message("rewriting.argument", function=function)
            if why:
                yield Finding(one.value.lineno, f"{one.arg}=", why)
        is_counted = taken and not any(isinstance(one, ast.Starred) for one in node.args)
        if taken and is_counted and len(node.args) > taken.most:
            why = Message("rewriting.positional", function=function, most=int(taken.most))
            yield Finding(node.lineno, function, why)

    def _is_data_of_learner(self, target: ast.expr) -> bool:
        return (
            isinstance(target, ast.Attribute)
            and target.attr == "data"
            and self._owner(target.value) == "Learner"
        )

    def _is_of_lesson(self, function: ast.expr) -> bool:
        """Whether a function or method that is called is the lesson's."""
        if isinstance(function, ast.Name):
            return function.id in self._imported.lesson and self._is_ours(function.id)
        if not isinstance(function, ast.Attribute):
            return False
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        is_known = owner in self._owners.learners or self._owner(function.value) is not None
        return is_known or bool(_OWN.fullmatch(function.attr))

    def _owner(self, value: ast.expr) -> str | None:
        """The class of the lesson that an expression is, or gives an object of."""
        if isinstance(value, ast.Name) and value.id in self._imported.lesson and self._is_ours(value.id):
            return {"defaults": "Defaults"}.get(value.id, value.id if value.id in CLASSES else None)
        return self._owners.of(value)

    def _is_ours(self, name: str) -> bool:
        return name in self._imported.one_by_one or name not in self._imported.defined

    def _name(self, name: str) -> Message | None:
        is_known = name in self._imported.defined or name in self._imported.lesson
        if is_known or name in IPYTHON or hasattr(builtins, name):
            return None
        return not_there.of_name(name) or (Message("rewriting.unknown") if self._knows_all else None)

    def _attribute(self, node: ast.Attribute) -> Iterator[Finding]:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in self._imported.modules:
            why = None if node.attr in self._imported.lesson else self._of_module(node.attr)
            name = f"{owner}.{node.attr}"
        elif owner == "models" and self._is_ours(owner):
            why, name = not_there.of_architecture(node.attr), f"models.{node.attr}"
        else:
            why, name = self._of_object(node, owner), node.attr
        if why:
            yield Finding(node.lineno, name, why)

    def _of_object(self, node: ast.Attribute, name: str) -> Message | None:
        """Why an object has no such method or attribute; None where it may."""
        owner = self._owner(node.value)
        has = self._taken.members.get(owner or "")
        if has is not None and node.attr in has:
            return None
        if owner == "Defaults":
            return Message("lesson_data.no_setting", name=node.attr)
        if why := not_there.of_method(node.attr, "Learner" if name in self._owners.learners else owner):
            return why
        is_unknown = has is not None and node.attr not in self._given and not node.attr.startswith("__")
        return Message("rewriting.attribute", owner=owner) if is_unknown else None

    def _of_module(self, name: str) -> Message | None:
        if home(f"fastai.{name}") == HERE:
            return Message("rewriting.dotted", module=name)
        if home(f"fastai.{name}"):
            return None
        return (
            not_there.of_name(name) or not_there.of_module(f"fastai.{name}") or Message("rewriting.no_name")
        )


def _knows_all(stars: Sequence[str], cells: Cells) -> bool:
    """Whether no other module, and no cell that can't be read, may bring a name that is not known here."""
    is_lesson = bool(stars) and all(map(is_fastai, stars))
    return is_lesson and not any(tree is None or _BRINGS_NAMES.search(source) for source, tree in cells)


def _gives_own(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether an object gets an attribute, which is the notebook's own; settings are not."""
    if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
        return False
    return ast.unparse(node.value) != "defaults"
