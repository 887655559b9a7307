"""Vectors near each other, compared with the plain way of looking at every pair."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conftest import campaign
from whatsit.understand import neighbors as module
from whatsit.understand.neighbors import neighbors, star_leaders

SMALL = {"ROWS": 4, "COLUMNS": 5, "CHUNK": 3, "DIRECTIONS": 2, "SAMPLE": 6, "FEW": 2, "KEPT": 4}


def brute_force(vectors: NDArray[np.float32], distance: float) -> list[int]:
    """The same groups, by the rule alone: whoever has most neighbors leads the free ones."""
    some = vectors.astype(np.float64)
    is_near = np.stack([((some - one) ** 2).sum(1) <= distance**2 for one in some])
    np.fill_diagonal(is_near, False)
    leader, is_free = np.arange(len(some)), np.ones(len(some), bool)
    for one in np.argsort(-is_near.sum(1), kind="stable"):
        if is_free[one]:
            led = np.flatnonzero(is_near[one] & is_free)
            leader[led] = one
            is_free[led] = is_free[one] = False
    return leader.tolist()


@st.composite
def gatherings(draw: st.DrawFn) -> NDArray[np.float32]:
    """Whole numbers, so that many distances are exactly the limit, and many vectors the same."""
    width = draw(st.integers(1, 6))
    rows = st.lists(st.integers(-2, 2), min_size=width, max_size=width)
    return np.array(draw(st.lists(rows, min_size=1, max_size=40)), np.float32)


@pytest.mark.parametrize("dense", [0.0, 2.0])
@campaign(1000)
@given(vectors=gatherings(), distance=st.sampled_from([0.5, 1.0, 2**0.5, 2.0, 5**0.5]))
def test_groups_are_those_that_comparing_everything_finds(
    dense: float, vectors: NDArray[np.float32], distance: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(module, name, value)
        patch.setattr(module, "DENSE", dense)  # blocks as products of matrices, or pair by pair
        assert star_leaders(vectors, distance).tolist() == brute_force(vectors, distance)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.3])
def test_groups_among_vectors_like_real_ones_are_exact(noise: float) -> None:
    """Several blocks of each kind; half of the vectors are near copies of the others."""
    dice = np.random.default_rng(0)
    scales = np.geomspace(1, 0.01, 200)
    vectors = dice.standard_normal((600, 200)) * scales
    vectors = np.concatenate([vectors, vectors + noise * dice.standard_normal((600, 200)) * scales])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = star_leaders(vectors, 0.5)
    assert found.tolist() == brute_force(vectors, 0.5)
    assert len(set(found.tolist())) < len(vectors)


def test_what_is_far_in_the_leading_directions_is_far() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 300)).astype(np.float32)
    near = neighbors(vectors, 1.0)
    short = np.linalg.norm(near.short[:, None] - near.short, axis=-1)
    assert (short <= np.linalg.norm(vectors[:, None] - vectors, axis=-1) + 1e-4).all()


@pytest.mark.parametrize("count", [2000, pytest.param(20_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_many_vectors_that_are_all_near_are_one_group_in_little_memory(count: int, noise: float) -> None:
    """200 million pairs, were they kept."""
    dice = np.random.default_rng(0)
    vectors = np.tile(dice.random(64, np.float32), (count, 1))
    vectors += noise * dice.standard_normal(vectors.shape, np.float32)
    tracemalloc.start()
    leader = star_leaders(vectors, 0.5)
    assert tracemalloc.get_traced_memory()[1] < 4 * 10**8
    tracemalloc.stop()
    assert len(set(leader.tolist())) == 1


def test_20000_identical_vectors_are_one_group() -> None:
    vectors = np.tile(np.random.default_rng(0).random(1280, np.float32), (20_000, 1))
    assert star_leaders(vectors, 0.1).tolist() == [0] * 20_000


def test_nothing_resembles_anything_among_none() -> None:
    assert star_leaders(np.empty((0, 5), np.float32), 1.0).tolist() == []
