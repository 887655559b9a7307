"""What the imports of fastai in a notebook bring today, and what they do not bring any more."""

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from whatsit.fastai1.converter.owners import names_bound
from whatsit.fastai1.converter.rewriting import HERE, Finding, home, imports_fastai, missing

Names = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Imported:
    """The names in a notebook's code `nodes` by where they come from; each home has those in `names`."""

    nodes: Sequence[ast.AST]
    names: Names

    @cached_property
    def stars(self) -> list[str]:
        """The modules from which all names are imported, of fastai and others."""
        return [
            node.module or ""
            for node in self.nodes
            if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names)
        ]

    @cached_property
    def lesson(self) -> set[str]:
        """The lesson's names, and those that a star brings besides, as of the widgets."""
        return self._by_stars.union(self.names[HERE])

    @cached_property
    def modules(self) -> set[str]:
        """The names for a module that has all the lesson's names, as `fastai` is one."""
        return {name for name, where in self._whole.items() if where == HERE}

    @cached_property
    def one_by_one(self) -> set[str]:
        """What is imported from fastai by its name."""
        return {one.name for node in self._of_fastai for one in node.names}

    @cached_property
    def defined(self) -> set[str]:
        """The names that stand for something in the notebook, besides the lesson's."""
        left = {name for node in self._of_fastai for name in names_bound(node)} - self._missing.keys()
        return self._own | left

    @cached_property
    def gone(self) -> dict[str, Finding]:
        """The names that stood for something of fastai, and for nothing today, with the reason."""
        there = self.defined | self._by_stars
        return {name: why for name, why in self._missing.items() if name not in there}

    @cached_property
    def _of_fastai(self) -> list[ast.Import | ast.ImportFrom]:
        return [node for node in self.nodes if imports_fastai(node)]

    @cached_property
    def _whole(self) -> dict[str, str]:
        """Where the modules are today that are imported whole."""
        whole = [one for node in self._of_fastai if isinstance(node, ast.Import) for one in node.names]
        return {one.asname or "fastai": where for one in whole if (where := home(one.name))}

    @cached_property
    def _by_stars(self) -> set[str]:
        homes = [where for module in self.stars if (where := home(module))]
        return {name for where in homes for name in self.names[where]}

    @cached_property
    def _own(self) -> set[str]:
        return {name for node in self.nodes if not imports_fastai(node) for name in names_bound(node)}

    @cached_property
    def _missing(self) -> dict[str, Finding]:
        found = {name: why for node in self._of_fastai for name, why in missing(node, self.names)}
        return {name: why for name, why in found.items() if name not in self._whole}
