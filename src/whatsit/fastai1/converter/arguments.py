"""What the lesson's functions take and its objects have, as their source has it: nothing is imported."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path


@dataclass(frozen=True)
class Arguments:
    """The names of a function's arguments, and how many it takes without a name."""

    names: frozenset[str]
    most: float

    def __or__(self, other: "Arguments") -> "Arguments":
        return Arguments(self.names | other.names, max(self.most, other.most))


@dataclass(frozen=True)
class Taken:
    """Arguments by function or "Class.method", by a method's name alone those of all classes that have it.

    Functions that take any names are not in it. `members` are the methods and attributes of each class.
    """

    arguments: Mapping[str, Arguments]
    members: Mapping[str, Collection[str]]

    def by(self, function: str, owner: str | None) -> Arguments | None:
        """Those of a function, or of a method of this class; None where it is not known."""
        return self.arguments.get(f"{owner}.{function}") if owner else self.arguments.get(function)


def accepted() -> Taken:
    """What the lesson's functions and classes take and have."""
    trees = [ast.parse(file.read_text("utf-8")) for file in Path(__file__).parents[1].glob("*.py")]
    members = {
        node.name: set(_members(node))
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    found: dict[str, Arguments] = {}
    free = set()
    for name, function, is_bound in (one for tree in trees for one in _functions(tree)):
        given = function.args
        names = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
        if given.kwarg and given.kwarg.arg == "settings":
            names |= members["Settings"]
        most = inf if given.vararg else len(given.posonlyargs) + len(given.args) - is_bound
        taken = Arguments(frozenset(names), most)
        for key in {name, name.rpartition(".")[2]}:
            found[key] = found[key] | taken if key in found else taken
            if given.kwarg and given.kwarg.arg != "settings":
                free.add(key)
    return Taken({name: given for name, given in found.items() if name not in free}, members)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """Functions and public methods, and whether the first argument is the object or class itself."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node, False
        elif isinstance(node, ast.Assign):  # as create_cnn = cnn_learner
            yield from ((name, same, False) for name, same in _same(node, functions))
        elif isinstance(node, ast.ClassDef):
            methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
            for name, method in methods.items():
                if name == "__init__":
                    yield node.name, method, True
                elif name[0] != "_":
                    yield f"{node.name}.{name}", method, True
            for one in node.body:
                if isinstance(one, ast.Assign):
                    yield from ((f"{node.name}.{name}", same, True) for name, same in _same(one, methods))


def _same(
    node: ast.Assign, functions: Mapping[str, ast.FunctionDef]
) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Other names that functions are given."""
    same = functions.get(node.value.id) if isinstance(node.value, ast.Name) else None
    yield from ((one.id, same) for one in node.targets if same and isinstance(one, ast.Name))


def _members(owner: ast.ClassDef) -> Iterator[str]:
    """Its methods, properties, fields, and what it gives itself."""
    for node in owner.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and _is_set(one))
    for one in ast.walk(owner):
        if isinstance(one, ast.Attribute) and _is_set(one) and isinstance(one.value, ast.Name):
            yield one.attr


def _is_set(node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)
