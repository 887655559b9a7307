"""Which names of a notebook stand for a learner, data, a picture or the like."""

import ast
import re
from collections.abc import Iterable, Iterator

CLASSES = ("ImageDataBunch", "ImageList", "Learner", "ClassificationInterpretation", "Image", "Category")
_MAKERS = {
    "databunch": "ImageDataBunch",
    "from_learner": "ClassificationInterpretation",
    "interpret": "ClassificationInterpretation",
    "open_image": "Image",
    "get_transforms": "Transforms",
}
_LEARNERS = re.compile(r"\w*[lL]earner|create_cnn")
# Methods that gave an object of the same class.
_FLUENT = re.compile(
    r"normalize|load|to_(fp16|fp32|parallel|distributed)|mixup|(random_)?split_\w+|no_split|label_\w+|"
    r"filter_by_\w+|add_test\w*|transform|resize|apply_tfms|clone|rotate|zoom"
)
_INSIDE = {
    ("Learner", "recorder"): "Recorder",
    ("Learner", "data"): "ImageDataBunch",
    **{("ImageDataBunch", f"{split}_ds"): "Dataset" for split in ("train", "valid", "test")},
    **{(owner, "x"): "Pictures" for owner in ("ImageDataBunch", "Dataset")},
    **{(owner, "y"): "Labels" for owner in ("ImageDataBunch", "Dataset")},
}


class Owners:
    """The class of each name, as far as it is made by one of the lesson's functions wherever it is bound."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        nodes, made, found = list(nodes), set[ast.AST](), dict[str, set[str]]()
        self._of: dict[str, str] = {}
        for node in nodes:
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            owner = self.of(node.value) if isinstance(node, ast.Assign) else None
            if owner and isinstance(target, ast.Name):
                found.setdefault(target.id, set()).add(owner)
                self._of[target.id] = owner
                made.add(target)
        self.learners = {name for name, owners in found.items() if "Learner" in owners}  # at least once
        others = {name for node in nodes if node not in made for name in names_bound(node)}
        others |= {name for name, owners in found.items() if len(owners) > 1}
        self._of = {name: owner for name, owner in self._of.items() if name not in others}

    def of(self, value: ast.expr) -> str | None:
        """The class of what an expression gives; None where it is not known."""
        if isinstance(value, ast.Name):
            return self._of.get(value.id)
        if isinstance(value, ast.Attribute):
            return _INSIDE.get((self.of(value.value) or "", value.attr))
        if not isinstance(value, ast.Call):
            return None
        called = called_by(value)
        if found := _MAKERS.get(called):
            return found
        if _LEARNERS.fullmatch(called):
            return "Learner"
        if not isinstance(value.func, ast.Attribute):
            return None
        owner = value.func.value
        if isinstance(owner, ast.Name) and owner.id in CLASSES:
            return owner.id if "from_" in called else None
        return self.of(owner) if _FLUENT.fullmatch(called) else None


def names_bound(node: ast.AST) -> Iterator[str]:
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


def called_by(node: ast.Call) -> str:
    """The last name of the function that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
