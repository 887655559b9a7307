"""The table of a project's images."""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import entries as lists
from whatsit.catalog.checks import check, oddities
from whatsit.catalog.entries import Entries, Grouping
from whatsit.catalog.opening import SPLITS, no_place, open_entries, split_index
from whatsit.catalog.split import Rule, checked_rule
from whatsit.catalog.summary import Summary, columns_of_counts, summarize
from whatsit.checks import path_of
from whatsit.config import Split, SplitConfig
from whatsit.errors import CatalogError
from whatsit.extras import needing
from whatsit.i18n import Message, say
from whatsit.project import Project
from whatsit.tables import table
from whatsit.text import brief, ending

if TYPE_CHECKING:
    from torch import nn

    from whatsit.figures import Plot


class Options(TypedDict, total=False):
    """What all readers of a catalog take besides `valid` and `seed`.

    `group`: what must stay in one split, as one person or bus: a regular expression on the path (its first
    group, or all that matches), a function of the path, or the name of a column. `by_time`: validate on the
    latest pictures instead. `project`: the folder of the sidecar, by default `.whatsit` beside the pictures.
    `lasting=False` leaves no sidecar behind where there is none. `recorded=False` leaves no record of a split
    that is assigned now. `to_train=False` accepts what can't be trained on, such as a single class.
    `recursive` accepts a folder whose classes consist of sub-folders.
    """

    group: Grouping
    by_time: bool
    project: str | Path | None
    lasting: bool
    recorded: bool
    to_train: bool
    recursive: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One picture: where it is, what it shows, its split, and the SHA-256 of its bytes."""

    path: Path
    label: str
    split: Split
    content: str

    def __repr__(self) -> str:
        return brief(self, f"{self.label}, {self.split}, {ending(self.path, 100)}")


class Items(Sequence[Item]):
    """The pictures of a catalog, made when they are needed: a million rows stay small."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def __len__(self) -> int:
        return len(self._catalog)

    def __repr__(self) -> str:
        pictures = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        return brief(self, f"{pictures}, the first {ending(self[0].path, 100)}" if self else pictures)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if isinstance(place, str):
            raise CatalogError(Message("catalog.items_by_name", place=place))
        catalog, row = self._catalog, self._catalog.rows[place]
        return Item(
            catalog.root / catalog.paths[place],
            catalog.names[catalog.labels[place]],
            SPLITS[row["split"]],
            row["content"].tobytes().hex(),
        )


@dataclass(frozen=True, eq=False)
class Catalog:
    """The pictures of a folder. Iterate it, take its `len`, or a split with `catalog["valid"]`.

    Columns, a row per picture: `paths` below `root`, `labels` as places in `names`, `rows` (index.ROW), and
    `groups`: pictures that `group=` keeps together have the same number; None without it.
    `unreadable` are files with the reason, `warnings` what is worth knowing, `rule` how the split was made
    (`is_assigned`, unless folders or a column name it), `source` what the labels were read from: `root` where
    they are its sub-folders, the file of a table, or None.
    """

    root: Path
    project: Project
    rule: Rule
    names: tuple[str, ...]
    paths: Sequence[str]
    labels: NDArray[np.int32]
    rows: NDArray[np.void]
    is_assigned: bool
    source: Path | None = None
    groups: NDArray[np.int64] | None = None
    unreadable: tuple[tuple[Path, Message], ...] = ()
    warnings: tuple[Message, ...] = ()

    def __new__(cls, *given: Any, **named: Any) -> "Catalog":
        if len(given) == 1 and isinstance(given[0], str | os.PathLike):
            raise CatalogError(Message("catalog.only_a_path", folder=os.fspath(given[0])))
        return super().__new__(cls)

    @classmethod
    def read(
        cls,
        path: str | Path,
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        """Read a folder as `from_folder` does, or a CSV file as `from_csv` does."""
        reader = cls.from_csv if _path(path).suffix.lower() == ".csv" else cls.from_folder
        return reader(path, valid, seed, **options)

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        """Read a folder with one sub-folder per class, or with train/, valid/ and test/ above these.

        Without a validation folder the share `valid` of each class (0 < valid < 1) is chosen by content and
        `seed`, once: it is recorded in the project. All readers take the same Options and raise CatalogError
        where there is nothing to train on.
        """
        is_nested = options.get("recursive", False) or options.get("group") is not None
        return _open(lists.from_folder(_path(path), is_nested), valid, seed, **options)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        """Read a CSV file with the columns path and label, and perhaps split and group.

        Paths count from the file's own folder; rows without a split get one. `group=` may name a column.
        """
        return _open(lists.from_csv(_path(path), options.get("group")), valid, seed, **options)

    @classmethod
    def from_dataframe(
        cls,
        frame: Any,
        root: str | Path = ".",
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        """Read a pandas or polars table with the columns that `from_csv` knows; paths count from `root`."""
        columns = {str(name): list(frame[name]) for name in frame.columns}
        entries = lists.from_columns(columns, Path(root), options.get("group"), Message("catalog.the_table"))
        return _open(entries, valid, seed, **options)

    @classmethod
    def from_pattern(
        cls,
        path: str | Path,
        pattern: str,
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        r"""Read all pictures below a folder whose label is in their name, as in ``r"([a-z]+)_\d+\.jpg$"``.

        The regular expression is searched in the path below the folder; its group named label, or its first
        one, is the label.
        """
        return _open(lists.from_pattern(_path(path), pattern), valid, seed, **options)

    @classmethod
    def from_lists(
        cls,
        paths: Sequence[str | Path],
        labels: Sequence[object],
        splits: Sequence[Split | None] | None = None,
        root: str | Path = ".",
        valid: float = SplitConfig.valid,
        seed: int = SplitConfig.seed,
        **options: Unpack[Options],
    ) -> "Catalog":
        """Read parallel lists; paths count from `root`, and pictures without a split get one."""
        columns: dict[str, Sequence[Any]] = {
            "path": paths,
            "label": labels,
            "split": [None] * len(paths) if splits is None else splits,
        }
        if len({len(column) for column in columns.values()}) > 1:
            raise CatalogError(Message("catalog.different_lengths"))
        entries = lists.from_columns(columns, Path(root), options.get("group"), Message("catalog.the_lists"))
        return _open(entries, valid, seed, **options)

    @cached_property
    def classes(self) -> list[str]:
        """The class names, sorted: their order is the order of all probabilities."""
        return [self.names[label] for label in np.unique(self.labels)]

    @cached_property
    def identity(self) -> str:
        """A hash of what training depends on: contents, labels and splits, in their order."""
        without_test = self.rows["split"] != split_index("test")
        digest = hashlib.sha256("\0".join(self.names).encode("utf-8", "surrogateescape"))
        for column in (self.rows["content"], self.rows["split"], self.labels):
            digest.update(np.ascontiguousarray(column[without_test]).tobytes())
        return digest.hexdigest()

    @property
    def items(self) -> Items:
        """The pictures in the order of their paths."""
        return Items(self)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __repr__(self) -> str:
        counts = ", ".join(f"{split} {(self.rows['split'] == n).sum()}" for n, split in enumerate(SPLITS))
        count = len(self.warnings)
        more = f"; {count} warning{'s' * (count > 1)}, see summary()" if count else ""
        return f"<Catalog of {len(self)} pictures, {len(self.classes)} classes ({counts}{more})>"

    def _repr_html_(self) -> str:
        rows = ((label, sum(count.values()), *count.values()) for label, count in self.counts().items())
        title = say("summary.title", count=len(self), classes=len(self.classes), folder=self.root)
        notes = (say("summary.note", warning=warning) for warning in self.warnings)
        return table(columns_of_counts(), rows, title, notes)

    def __getitem__(self, split: Split) -> "Catalog":
        if not isinstance(split, str):
            raise no_place(split)
        return self.select(np.flatnonzero(self.rows["split"] == split_index(split)))

    def select(self, places: NDArray[np.int64]) -> "Catalog":
        """The catalog of the pictures at these places."""
        paths = [self.paths[place] for place in places]
        groups = None if self.groups is None else self.groups[places]
        return replace(self, paths=paths, labels=self.labels[places], rows=self.rows[places], groups=groups)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many pictures each class has in each split, {label: {split: count}}."""
        table = np.zeros((len(self.names), len(SPLITS)), int)
        np.add.at(table, (self.labels, self.rows["split"]), 1)
        return {
            self.names[label]: dict(zip(SPLITS, table[label].tolist(), strict=True))
            for label in np.unique(self.labels)
        }

    def without(self, unreadable: Mapping[Path, Message | str], *, to_train: bool = True) -> "Catalog":
        """The same catalog less the files that turned out not to be pictures, checked again."""
        places = [n for n, path in enumerate(self.paths) if self.root / path not in unreadable]
        catalog = self.select(np.array(places, np.int64))
        reasons = map(Message.of, unreadable.values())
        catalog = replace(catalog, unreadable=(*self.unreadable, *zip(unreadable, reasons, strict=True)))
        catalog._check(to_train)
        return catalog

    def _check(self, to_train: bool) -> None:
        """Raise CatalogError where there are no pictures or, `to_train`, nothing to train on."""
        check(self.root, self.counts(), self.unreadable, self.groups is not None, to_train)

    def among(self, contents: Collection[str]) -> NDArray[np.bool_]:
        """Which pictures (n,) have one of these contents, SHA-256 as hex."""
        known = np.array([bytes.fromhex(content) for content in contents], dtype="V32")
        return np.asarray(np.isin(self.rows["content"], known))

    def unseen(self, contents: Collection[str] = ()) -> "Catalog":
        """The same without validation and test pictures of these contents or those of training pictures."""
        is_train, content = self.rows["split"] == split_index("train"), self.rows["content"]
        was = np.isin(content, content[is_train]) | self.among(contents)
        return self.select(np.flatnonzero(is_train | ~was)) if (was & ~is_train).any() else self

    def misplaced(self, trained_on: Collection[str] | None) -> int | None:
        """How many validation and test pictures have one of these contents; None of unknown contents."""
        if trained_on is None:
            return None
        return int((self.among(trained_on) & (self.rows["split"] != split_index("train"))).sum())

    def as_trained(self, trained_on: Collection[str]) -> "Catalog":
        """The same with all pictures of these contents, and no others, as training pictures.

        So what was trained on never passes as new, wherever its file lies now. Other training pictures,
        such as those that came later, are left out.
        """
        was = self.among(trained_on)
        rows = self.rows.copy()
        rows["split"][was] = split_index("train")
        return replace(self, rows=rows).select(np.flatnonzero(was | (rows["split"] != split_index("train"))))

    def measured_by(self, contents: Collection[str]) -> "Catalog":
        """The same without validation pictures whose content is not among these.

        With a run's own that leaves those that it was not trained on, even if the split has changed.
        """
        is_kept = (self.rows["split"] != split_index("valid")) | self.among(contents)
        return self.select(np.flatnonzero(is_kept))

    def summary(self) -> Summary:
        """What is worth knowing of the pictures; print it, or take its `to_dict()`."""
        rule = self.rule.message if self.is_assigned else Message("catalog.rule_given")
        return summarize(
            self.root, self.paths, self.rows, self.counts(), rule, self.unreadable, self.warnings
        )

    def show(self, rows: int = 3, columns: int = 5, augmented: "bool | nn.Module" = False) -> "Plot":
        """A matplotlib figure of labeled pictures from all classes. Raises MissingError without matplotlib.

        `augmented` shows one of them many times, as `transforms()`, or the transforms given, change it.
        """
        from whatsit.catalog.pictures import draw_augmented, draw_labeled

        order = np.lexsort((self.rows["hash"], self.labels))
        _, start = np.unique(self.labels[order], return_index=True)
        turn = np.arange(len(order)) - np.repeat(start, np.diff([*start, len(order)]))
        turns = order[np.lexsort((self.labels[order], turn))]  # the first of every class, then the second
        spread = turns[: len(start)][:: max(1, len(start) // (rows * columns))]
        items = (self.items[place] for place in dict.fromkeys([*spread.tolist(), *turns.tolist()]))
        pictures = ((item.path, item.label) for item in items)
        if augmented:
            return draw_augmented(pictures, rows, columns, None if augmented is True else augmented)
        return draw_labeled(pictures, rows, columns)

    def to_dataframe(self) -> Any:
        """A pandas table: path, label, split, width, height, bytes, format, taken, content. Needs pandas."""
        with needing(say("catalog.data_frame")):
            import pandas as pd

        return pd.DataFrame(
            {
                "path": [str(self.root / path) for path in self.paths],
                "label": [self.names[label] for label in self.labels],
                "split": [SPLITS[split] for split in self.rows["split"]],
                **{name: self.rows[name] for name in ("width", "height", "bytes")},
                "format": [name.decode() for name in self.rows["format"].tolist()],
                "taken": pd.to_datetime(self.rows["taken"], unit="s"),
                "content": [content.tobytes().hex() for content in self.rows["content"]],
            }
        )


def _path(given: object) -> Path:
    return path_of(given, say("catalog.source"), CatalogError)


def _open(entries: Entries, valid: float, seed: int, **options: Unpack[Options]) -> Catalog:
    rule = checked_rule(valid, seed, options.get("by_time", False))
    entries.relate(options.get("group"))
    rule = replace(rule, relation=entries.related_by)
    lasting, recorded = options.get("lasting", True), options.get("recorded", True)
    opened = open_entries(entries, rule, options.get("project"), lasting, recorded)
    catalog = Catalog(
        entries.root,
        opened.project,
        rule,
        opened.names,
        opened.paths,
        opened.labels,
        opened.rows,
        is_assigned=None in entries.splits,
        source=entries.source,
        groups=opened.groups,
        unreadable=opened.unreadable,
        warnings=tuple(entries.warnings),
    )
    catalog._check(options.get("to_train", True))
    odd = oddities(catalog.counts(), catalog.names, catalog.labels, catalog.paths, catalog.rows, rule.by_time)
    return replace(catalog, warnings=(*catalog.warnings, *odd))
