"""The split in plain arrays: whatever comes, goes or is renamed, a picture stays in its split."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import campaign
from whatsit.catalog.duplicates import DISTANCE, near_duplicates
from whatsit.catalog.split import NO_SPLIT, TRAIN, VALID, Assignment, Pictures, Record, Rule, assign


@dataclass(frozen=True)
class Picture:
    """What a file holds; `file` distinguishes copies of one content."""

    content: int
    hash: int
    label: int
    relation: str = ""
    time: float = 0.0
    file: int = 0


EMPTY = Record(np.empty(0, "V32"), np.empty(0, np.uint64), np.empty(0, np.int8), ())


def bytes_of(pictures: Sequence[Picture]) -> np.ndarray:
    return np.frombuffer(b"".join(picture.content.to_bytes(32, "big") for picture in pictures), "V32")


@dataclass
class Folder:
    """A folder as the catalog keeps it: what lies there now, and what was ever assigned."""

    rule: Rule = field(default_factory=Rule)
    record: Record = EMPTY

    def open(self, pictures: Sequence[Picture]) -> Assignment:
        known = {
            content.tobytes(): split
            for content, split in zip(self.record.content, self.record.splits, strict=True)
        }
        content = bytes_of(pictures)
        columns = Pictures(
            content,
            np.array([picture.hash for picture in pictures], np.uint64),
            np.array([known.get(one.tobytes(), NO_SPLIT) for one in content], np.int8),
            [picture.relation for picture in pictures],
            np.array([picture.label for picture in pictures], np.int32),
            np.array([picture.time for picture in pictures]),
        )
        assignment = assign(columns, self.record, self.rule)
        fresh = np.unique(content[columns.splits == NO_SPLIT], return_index=True)[1]
        rows = np.flatnonzero(columns.splits == NO_SPLIT)[fresh]
        self.record = Record(
            np.concatenate([self.record.content, content[rows]]),
            np.concatenate([self.record.hashes, columns.hashes[rows]]),
            np.concatenate([self.record.splits, assignment.splits[rows]]),
            [*self.record.relations, *(columns.relations[row] for row in rows)],
        )
        return assignment


def different(count: int, label: int = 0, first: int = 1) -> list[Picture]:
    """Pictures that resemble each other in nothing."""
    looks = np.random.default_rng(first).integers(1, 2**63, count).tolist()
    return [Picture(first + n, looks[n], label, time=n) for n in range(count)]


def counts(assignment: Assignment, pictures: Sequence[Picture], label: int) -> tuple[int, int]:
    splits = assignment.splits[[picture.label == label for picture in pictures]]
    return int((splits == TRAIN).sum()), int((splits == VALID).sum())


@pytest.mark.parametrize(
    ("size", "share", "expected"),
    [
        (100, 0.2, (80, 20)),
        (10, 0.2, (8, 2)),
        (10, 0.01, (9, 1)),
        (10, 0.9, (1, 9)),
        (10, 0.99, (1, 9)),
        (2, 0.2, (1, 1)),
        (1, 0.2, (1, 0)),
    ],
)
def test_every_class_gives_its_share_and_keeps_something_to_learn_from(
    size: int, share: float, expected: tuple[int, int]
) -> None:
    pictures = [*different(size, 0), *different(50, 1, first=1000)]
    assert counts(Folder(Rule(valid=share)).open(pictures), pictures, 0) == expected


def test_larger_share_keeps_those_of_the_smaller() -> None:
    pictures = different(100)
    few, many = (Folder(Rule(valid=share)).open(pictures).splits == VALID for share in (0.2, 0.4))
    assert (many[few]).all()
    assert many.sum() == 40


def test_another_seed_makes_another_split() -> None:
    pictures = different(100)
    assert (Folder(Rule(seed=1)).open(pictures).splits != Folder(Rule(seed=2)).open(pictures).splits).any()


def test_latest_pictures_validate_when_asked() -> None:
    pictures = different(50)
    splits = Folder(Rule(by_time=True)).open(pictures).splits
    assert splits.tolist() == [TRAIN] * 40 + [VALID] * 10


def test_newcomer_goes_to_its_relative_and_one_between_two_splits_to_train() -> None:
    folder = Folder()
    pictures = different(50)
    splits = folder.open(pictures).splits.tolist()
    trained_on, kept = pictures[splits.index(TRAIN)], pictures[splits.index(VALID)]
    near_kept = Picture(901, kept.hash ^ 0b101, 0)
    middle = Picture(902, trained_on.hash ^ 1, 0, relation="bus 7")
    related = replace(kept, content=903, hash=0x1234, relation="bus 7")
    folder.record = replace(
        folder.record, relations=["bus 7" if n == splits.index(VALID) else "" for n in range(50)]
    )
    assignment = folder.open([*pictures, near_kept, middle])
    assert assignment.splits[50:].tolist() == [VALID, TRAIN]
    assert assignment.ambiguous.tolist() == [51]
    gone = [picture for picture in pictures if picture != kept]
    assert (
        Folder(folder.rule, folder.record).open([*gone, related]).splits[-1] == TRAIN
    )  # bus 7 is in both splits now


def test_ten_shots_of_one_scene_are_measured_all_the_same_and_that_is_said() -> None:
    burst = [Picture(n, 0xABCDEF ^ (1 << n % 2), 0) for n in range(1, 11)]
    pictures = [*burst, *different(10, 1, first=100)]
    assignment = Folder().open(pictures)
    assert counts(assignment, pictures, 0) == (8, 2)
    assert assignment.separated == [0]


def test_ten_pictures_of_one_person_stay_together() -> None:
    person = [replace(picture, relation="ann") for picture in different(10)]
    pictures = [*person, *different(10, 1, first=100)]
    assignment = Folder().open(pictures)
    assert counts(assignment, pictures, 0) in ((10, 0), (0, 10))
    assert assignment.separated == []


def test_two_persons_of_one_class_are_learnt_and_measured_on_each_other() -> None:
    persons = [
        replace(picture, relation="ann" if n < 10 else "bob") for n, picture in enumerate(different(19))
    ]
    pictures = [*persons, *different(10, 1, first=100)]
    assert counts(Folder().open(pictures), pictures, 0) == (10, 9)


@pytest.mark.parametrize("size", [2, 5, 10])
def test_pictures_with_near_copies_validate_no_more_often_than_others(size: int) -> None:
    singles = different(400)
    scenes = [
        replace(one, content=1000 + 10 * one.content + n)
        for one in different(100, first=5000)
        for n in range(size)
    ]
    pictures = [*singles, *scenes]
    shares = []
    for seed in range(10):
        splits = Folder(Rule(seed=seed)).open(pictures).splits == VALID
        shares.append((splits[:400].mean(), splits[400:].mean()))
    single, copied = np.mean(shares, axis=0)
    assert 0.17 < single < 0.23
    assert 0.17 < copied < 0.23


@st.composite
def picture_lists(draw: st.DrawFn) -> list[Picture]:
    """Pictures of a few classes, with exact copies, near-copies and relatives among them."""
    looks = st.sampled_from([0, 0x0F0F, 0xFF00FF00FF, 0xABCDEF0123456789])
    found = []
    for _ in range(draw(st.integers(2, 40))):
        content = draw(st.integers(1, 60))
        hash = draw(st.one_of(st.integers(1, 2**64 - 1), looks))
        if hash and draw(st.booleans()):
            hash ^= 1 << draw(st.integers(0, 63))
        relation = draw(st.sampled_from(["", "", "", "ann", "bob"]))
        found.append(
            Picture(content, hash, draw(st.integers(0, 2)), relation, draw(st.integers(0, 9)), len(found))
        )
    looks_of = {picture.content: picture.hash for picture in found}  # a content has one look
    return [replace(picture, hash=looks_of[picture.content]) for picture in found]


@campaign(1000)
@given(picture_lists(), st.floats(0.01, 0.99), st.integers(0, 99), st.booleans())
def test_first_assignment_keeps_together_what_belongs_together(
    pictures: list[Picture], share: float, seed: int, by_time: bool
) -> None:
    assignment = Folder(Rule(share, seed, by_time)).open(pictures)
    assert set(assignment.splits.tolist()) <= {TRAIN, VALID}
    assert not len(assignment.ambiguous)
    contents: dict[int, Picture] = {picture.content: picture for picture in pictures}
    units = sorted(contents)
    leaders = near_duplicates(np.array([contents[unit].hash for unit in units], np.uint64))
    group = dict(zip(units, leaders.tolist(), strict=True))
    separated = {picture.content for picture in pictures if picture.label in assignment.separated}
    for key in (
        lambda picture: picture.content,
        lambda picture: group[picture.content] if picture.content not in separated else -picture.content,
        lambda picture: picture.relation or -picture.content,
    ):
        splits: dict[object, set[int]] = {}
        for picture, split in zip(pictures, assignment.splits.tolist(), strict=True):
            splits.setdefault(key(picture), set()).add(split)
        assert all(len(one) == 1 for one in splits.values())


@campaign(1000)
@given(st.integers(10, 40), st.floats(0.01, 0.99), st.integers(0, 10**6))
def test_class_of_ten_or_more_is_learnt_and_measured(size: int, share: float, seed: int) -> None:
    pictures = [*different(size, 0), *different(12, 1, first=100)]
    assignment = Folder(Rule(share, seed)).open(pictures)
    for label in (0, 1):
        assert min(counts(assignment, pictures, label)) >= 1


@campaign(1000)
@given(picture_lists(), st.data())
def test_picture_stays_where_it_was_whatever_happens(pictures: list[Picture], data: st.DataObject) -> None:
    folder = Folder()
    home: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        present, relabeled = (data.draw(st.integers(1, 2 ** len(pictures) - 1)) for _ in range(2))
        here = [
            replace(picture, label=(picture.label + (relabeled >> n & 1)) % 3)
            for n, picture in enumerate(pictures)
            if present >> n & 1
        ]
        assignment = folder.open(here)
        found: dict[int, set[int]] = {}
        for row, (picture, split) in enumerate(zip(here, assignment.splits.tolist(), strict=True)):
            assert home.get(picture.content, split) == split
            found.setdefault(picture.content, set()).add(split)
            if row in assignment.ambiguous:
                assert split == TRAIN
            if picture.content in home:
                continue
            near = {
                home[other.content]
                for other in pictures
                if other.content in home
                and other.hash
                and picture.hash
                and (other.hash ^ picture.hash).bit_count() <= DISTANCE
            }
            if near == {TRAIN, VALID}:
                assert split == TRAIN
                assert row in assignment.ambiguous
            elif near == {TRAIN}:
                assert split == TRAIN
            elif near == {VALID}:
                assert split == VALID or row in assignment.ambiguous
        assert all(len(splits) == 1 for splits in found.values())
        home |= {content: split for content, (split,) in found.items()}
