"""The lesson's ImageCleaner: decisions about labels, and the table cleaned.csv that they make."""

from dataclasses import replace
from os import PathLike
from pathlib import Path, PurePath
from typing import Any

from whatsit.catalog import Catalog, Item
from whatsit.errors import WhatsitError
from whatsit.fastai1.datasets import Dataset
from whatsit.fastai1.explained import explained
from whatsit.fastai1.tiles import Batches, Tile
from whatsit.i18n import Message, say
from whatsit.project import Decision, Project
from whatsit.review import Decisions
from whatsit.review.cleaned import CLEANED, cleaned
from whatsit.review.decisions import Wish


class ImageCleaner(Batches):
    """Shows the pictures `fns_idxs` of a dataset, `batch_size` at a time, to relabel or leave out.

    No picture is moved: `cleaned.csv` in `path`, the folder of the pictures, has those that are left with
    their labels. It is written at once where there is none. With `duplicates` the pictures come in pairs.
    """

    @explained
    def __init__(
        self,
        dataset: Dataset,
        fns_idxs: Any,
        path: str | PathLike[str],
        batch_size: int = 5,
        duplicates: bool = False,
    ) -> None:
        self._decisions = Decisions(as_table(dataset.catalog))
        self._has_menus = not duplicates
        root = self._project.images
        if Path(path).resolve() != root.resolve():
            raise WhatsitError(Message("lesson_widgets.other_path", given=path, folder=root))
        self._row = {root / name: row for row, name in enumerate(dataset.catalog.paths)}
        paths = [Path(one) for one in dataset.x[fns_idxs]]
        write_table(self._decisions)
        super().__init__(paths, 2 if duplicates else batch_size, say("lesson_widgets.next_batch"), duplicates)

    @property
    def _project(self) -> Project:
        return self._decisions.catalog.project

    def _show(self, news: str) -> None:
        holding = self._project.decided.holding()  # the last one about a picture counts
        self._decided = {(one.path, one.content): one for one in holding if one.choice != "unsure"}
        super()._show(news)

    def _item(self, path: Path) -> Item:
        return self._decisions.catalog.items[self._row[path.absolute()]]

    def _last(self, path: Path) -> Decision | None:
        """What was decided last of a picture, None if nothing was."""
        below = PurePath(path.absolute().relative_to(self._project.images))
        return self._decided.get((below, self._item(path).content))

    def _is_there(self, path: Path) -> bool:
        last = self._last(path)
        return path.is_file() and not (last and last.choice == "remove")

    def _tile(self, path: Path) -> Tile:
        if not self._has_menus:
            return Tile(path)
        last, catalog = self._last(path), self._decisions.catalog
        is_known = last is not None and last.label in catalog.classes
        label = last.label if last and is_known else self._item(path).label
        return Tile(path, label, catalog.classes)

    def _carry_out(self) -> tuple[int, str]:
        wishes: list[Wish] = []
        for tile in self.tiles:
            item = self._item(tile.path)
            if tile.is_chosen:
                wishes.append((item, "remove", None))
            elif tile.new_label is not None:
                wishes.append((item, "relabel", tile.new_label))
        if not wishes:
            return 0, ""
        outcome = self._decisions.decide_each(wishes)
        left_out = sum(choice == "remove" for _, choice, _ in wishes)
        counts = {"review.left_out": left_out, "lesson_widgets.relabeled": len(wishes) - left_out}
        return outcome.action, " ".join(say(code, count=count) for code, count in counts.items() if count)


def as_table(catalog: Catalog) -> Catalog:
    """The same pictures as a table has them, so that decisions about them move no file."""
    project = catalog.project if catalog.project.is_lasting else Project(catalog.project.images)
    return replace(catalog, project=project, source=None, is_assigned=True, groups=None)


def write_table(decisions: Decisions) -> None:
    """Write cleaned.csv with what was decided so far, where there is none."""
    catalog = decisions.catalog
    project, table = catalog.project, catalog.project.images / CLEANED
    with project.lock():
        if not table.is_file():
            data = cleaned(catalog, project.decided.holding())
            project.journal.begin().create(table, data, Message("lesson_widgets.table"))
