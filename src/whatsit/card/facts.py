"""What a training records for the model card: counts and shares, and nothing of single pictures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from whatsit.checks import ReasonError, is_count, is_number
from whatsit.config import Split
from whatsit.i18n import Message

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
MOST = 10**12  # pictures, or anything else that is counted
MOST_SOURCES = 100
LONGEST = 100  # characters of a provider's name or a license's
Interval = tuple[float, float]


class Cleaned(NamedTuple):
    """How many pictures of a split a review removed and relabeled."""

    removed: int
    relabeled: int


class Source(NamedTuple):
    """How many pictures came from a provider under a license; "" for what is not known."""

    provider: str
    license: str
    pictures: int


@dataclass(frozen=True)
class Facts:
    """Lists have an entry for each class, in the order of the classes.

    `pictures` by split; `right` of the validation pictures are recognized. `interval` of the accuracy, and
    `intervals` of the recall, are 95 % intervals, None where there are too few `groups` of pictures.
    `is_assigned` says that Whatsit chose the validation pictures. `sources` is None where nobody recorded
    where the pictures came from. `cleaned` has the splits that a review changed.
    """

    pictures: dict[Split, list[int]]
    right: list[int]
    interval: Interval | None
    intervals: list[Interval | None]
    groups: int | None
    epochs: int
    views: int
    seed: int
    is_pretrained: bool
    is_assigned: bool
    sources: list[Source] | None
    cleaned: dict[Split, Cleaned] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any], classes: int) -> "Facts":
        """The reverse, perhaps of a stranger's bundle. Raises KeyError, TypeError and ValueError."""
        pictures = {split: _counts(record["pictures"][split], classes) for split in SPLITS}
        right = _counts(record["right"], classes)
        if any(hits > images for hits, images in zip(right, pictures["valid"], strict=True)):
            raise _impossible("right")
        intervals = [None if one is None else _interval(one) for one in record["intervals"]]
        if len(intervals) != classes:
            raise _impossible("intervals")
        return cls(
            pictures,
            right,
            None if record["interval"] is None else _interval(record["interval"]),
            intervals,
            None if record["groups"] is None else _count(record["groups"]),
            _count(record["epochs"]),
            _count(record["views"]),
            _count(record["seed"], most=1 << 128),
            _switch(record["is_pretrained"]),
            _switch(record["is_assigned"]),
            None if record["sources"] is None else _sources(record["sources"]),
            _cleaned(record.get("cleaned", {})),  # which the first bundles with a card don't have
        )


def _count(value: Any, most: int = MOST) -> int:
    if not (is_count(value, 0) and value <= most):
        raise _impossible(value)
    return int(value)


def _counts(values: Any, classes: int) -> list[int]:
    if not isinstance(values, list) or len(values) != classes:
        raise _impossible(values)
    return list(map(_count, values))


def _interval(value: Any) -> Interval:
    low, high = value
    if not (is_number(low, 0, 1) and is_number(high, low, 1)):
        raise _impossible(value)
    return float(low), float(high)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _impossible(value)
    return value


def _sources(values: Any) -> list[Source]:
    if not isinstance(values, list) or len(values) > MOST_SOURCES:
        raise _impossible("sources")
    return [Source(_name(provider), _name(terms), _count(images)) for provider, terms, images in values]


def _cleaned(values: Any) -> dict[Split, Cleaned]:
    if not isinstance(values, dict) or not values.keys() <= set(SPLITS):
        raise _impossible(values)
    found = {split: _counts(counts, len(Cleaned._fields)) for split, counts in values.items()}
    return {split: Cleaned(*counts) for split, counts in found.items()}


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise _impossible(value)
    return value


def _impossible(value: Any) -> ReasonError:
    return ReasonError(Message("card.impossible", value=repr(value)[:40]))


def merged(found: Sequence[Source]) -> list[Source]:
    """The most frequent sources first; the last one is of all that are too many to list."""
    ranked = sorted(found, key=lambda one: (-one.pictures, one.provider, one.license))
    if len(ranked) <= MOST_SOURCES:
        return ranked
    kept, rest = ranked[: MOST_SOURCES - 1], ranked[MOST_SOURCES - 1 :]
    return [*kept, Source("...", "...", sum(one.pictures for one in rest))]
