"""Which arguments the lesson's functions and methods take, as their source has it: nothing is imported."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path


def accepted(names: Collection[str]) -> dict[str, set[str]]:
    """The arguments of these functions, and of the methods of these classes, each by its name alone.

    Those that take any arguments are not in it.
    """
    trees = [ast.parse(file.read_text("utf-8")) for file in Path(__file__).parent.glob("*.py")]
    found: dict[str, set[str]] = {}
    free = set()
    for name, function in (one for tree in trees for one in _functions(tree, names)):
        given = function.args
        found.setdefault(name, set()).update(one.arg for one in (*given.args, *given.kwonlyargs))
        if given.kwarg:
            free.add(name)
    return {name: given for name, given in found.items() if name not in free}


def _functions(tree: ast.Module, names: Collection[str]) -> Iterator[tuple[str, ast.FunctionDef]]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):  # as create_cnn = cnn_learner
            same = functions.get(node.value.id)
            yield from ((one.id, same) for one in node.targets if same and isinstance(one, ast.Name))
        elif isinstance(node, ast.ClassDef) and node.name in names:
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and one.name == "__init__":
                    yield node.name, one
                elif isinstance(one, ast.FunctionDef) and one.name[0] != "_":
                    yield one.name, one
