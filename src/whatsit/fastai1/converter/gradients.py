"""What a notebook draws that has gradients, which today's PyTorch refuses."""

import ast
from collections.abc import Collection, Iterable

from whatsit.fastai1.converter.owners import called_by, names_bound

_DRAWS = ("bar", "fill_between", "hist", "plot", "scatter", "set_data", "set_offsets", "set_ydata")
_FREES = ("data", "detach", "item", "tolist")  # methods and attributes whose result has no gradients


def parameters(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that are given an nn.Parameter."""
    return {
        name
        for node in nodes
        if isinstance(node, ast.Assign) and "nn.Parameter(" in ast.unparse(node.value)
        for target in node.targets
        for one in ast.walk(target)
        for name in names_bound(one)
    }


def drawn(call: ast.Call, parameters: Collection[str]) -> str | None:
    """The parameter from which something is computed that a call draws; None where none is."""
    if called_by(call) not in _DRAWS:
        return None
    for given in call.args:
        inside = list(ast.walk(given))
        if not any(isinstance(one, ast.Attribute) and one.attr in _FREES for one in inside):
            for one in inside:
                if isinstance(one, ast.Name) and one.id in parameters:
                    return one.id
    return None
