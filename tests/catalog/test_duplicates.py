"""Which pictures are nearly the same, compared with the plain way of looking at every pair."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import campaign, rendered
from whatsit.catalog import near_duplicates
from whatsit.catalog.duplicates import DISTANCE, near_pairs
from whatsit.catalog.fingerprint import perceptual_hash
from whatsit.images import open_image

U64 = np.uint64


def hashes(values: list[int]) -> np.ndarray:
    return np.array(values, U64)


@st.composite
def clusters(draw: st.DrawFn) -> list[int]:
    """Hashes around a few centers, some of them exactly on the limit, and 0 for pictures without contrast."""
    centers = draw(st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=4))
    found = []
    for _ in range(draw(st.integers(1, 25))):
        value = draw(st.sampled_from(centers))
        for bit in draw(st.lists(st.integers(0, 63), max_size=6)):
            value ^= 1 << bit
        found.append(value if draw(st.integers(0, 9)) else 0)
    return found


@campaign(2000)
@given(clusters(), st.integers(0, 6), st.integers(0, 2**25 - 1))
def test_pairs_are_those_that_comparing_everything_finds(values: list[int], limit: int, marks: int) -> None:
    values = sorted(set(values))
    marked = np.array([marks >> n & 1 for n in range(len(values))], bool)
    every = {
        (one, other)
        for one in range(len(values))
        for other in range(one + 1, len(values))
        if values[one] and values[other] and (values[one] ^ values[other]).bit_count() <= limit
    }
    found = [tuple(sorted(pair)) for pair in near_pairs(hashes(values), limit).tolist()]
    assert sorted(found) == sorted(every)
    found = [tuple(sorted(pair)) for pair in near_pairs(hashes(values), limit, marked).tolist()]
    assert sorted(found) == sorted(pair for pair in every if marked[list(pair)].any())


@campaign(2000)
@given(clusters())
def test_whoever_shares_a_group_is_near_its_leader(values: list[int]) -> None:
    leader = near_duplicates(hashes(values))
    for one, other in enumerate(leader.tolist()):
        assert leader[other] == other
        assert one == other or (values[one] ^ values[other]).bit_count() <= DISTANCE
        assert one == other or values[one]
    lonely = [n for n, other in enumerate(leader.tolist()) if other == n and (leader == n).sum() == 1]
    for one in lonely:  # nobody is left alone beside a free neighbour
        near = [n for n in lonely if n != one and values[n] and values[one]]
        assert all((values[one] ^ values[n]).bit_count() > DISTANCE for n in near)


def test_nobody_belongs_to_a_group_through_a_third_picture() -> None:
    chain = [1, 0b1111 | 1, 0b11111111 | 1, 0b111111111111 | 1]
    leader = near_duplicates(hashes(chain))
    assert len(set(leader.tolist())) == 2


def test_pictures_without_contrast_resemble_nothing() -> None:
    assert perceptual_hash(Image.new("RGB", (50, 40), "white")) == 0
    assert near_duplicates(hashes([0, 0, 0, 5, 5])).tolist() == [0, 1, 2, 3, 3]


def variants(image: Image.Image) -> dict[str, Image.Image]:
    """The picture as others pass it on: recompressed, smaller, larger, cropped by up to 2%."""

    def through_jpeg(quality: int) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return open_image(buffer.getvalue())

    width, height = image.size
    return {
        "recompressed": through_jpeg(50),
        "smaller": image.resize((width // 2, height // 2)),
        "larger": image.resize((width * 3 // 2, height * 3 // 2)),
        "cropped": image.crop((round(width * 0.01), round(height * 0.01), width, height)),
    }


def test_rendered_picture_is_recognised_in_another_size_or_quality() -> None:
    for seed in range(20):
        image = rendered(seed)
        copies = variants(image)
        for how in ("recompressed", "smaller", "larger"):
            assert (perceptual_hash(image) ^ perceptual_hash(copies[how])).bit_count() <= DISTANCE


@pytest.mark.parametrize("per_class", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_real_photos_are_recognised_and_told_apart(clothing: Path, per_class: int) -> None:
    paths = [
        path
        for folder in sorted((clothing / "train").iterdir())
        for path in sorted(folder.iterdir())[:per_class]
    ]
    found, known = 0, []
    for path in paths:
        image = open_image(path)
        known.append(perceptual_hash(image))
        copies = [perceptual_hash(copy) for copy in variants(image).values()]
        found += sum((known[-1] ^ copy).bit_count() <= DISTANCE for copy in copies)
    assert found >= 0.95 * 4 * len(paths)
    groups = near_duplicates(hashes(known))
    assert len(set(groups.tolist())) >= 0.99 * len(paths)


@pytest.mark.parametrize("frames", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_many_frames_of_a_scene_are_joined_in_little_memory(frames: int) -> None:
    """Half a million pairs a scene, were they kept: 100 frames here, 1,000 in the whole campaign."""
    import tracemalloc

    dice = np.random.default_rng(0)
    many = dice.integers(1, 2**63, 100, dtype=np.uint64).repeat(frames)
    for _ in range(2):
        many ^= U64(1) << dice.integers(0, 64, len(many)).astype(U64)
    tracemalloc.start()
    leader = near_duplicates(many)
    assert tracemalloc.get_traced_memory()[1] < 4 * 10**8
    tracemalloc.stop()
    assert all(
        len(set(leader[start : start + frames].tolist())) == 1 for start in range(0, len(many), frames)
    )
    assert len(set(leader.tolist())) == 100
