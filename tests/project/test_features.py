"""Features on disk: read as they were written, by many at once, also after a kill, and merged."""

import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import whatsit as wi
from tests import ROOT
from tests.conftest import WHOLE, campaign
from tests.rows import OTHER, RECIPE, WIDTH, hashes, vectors_of
from whatsit.errors import ProjectError
from whatsit.project import FeatureStore, Recipe
from whatsit.project.features import MANY, SUFFIX
from whatsit.project.shards import open_shard, write_shard

WRITER = """
import sys
from pathlib import Path
import numpy as np
from tests.rows import RECIPE, hashes, vectors_of
from whatsit.project import FeatureStore
store, first = FeatureStore(Path(sys.argv[1])), int(sys.argv[2])
for number in range(first, first + 40, 5):
    contents = hashes(number, number + 5)
    store.put(RECIPE, contents, vectors_of(contents))
"""

BIG = """
import sys
from pathlib import Path
import numpy as np
from whatsit.labeled import Labeled
from whatsit.project import FeatureStore, Recipe
from whatsit.training.crossfit import hold_out
from whatsit.training.fit_heads import HeadFit, fit_heads
from whatsit.training.heads import Heads
def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("RssAnon"))
most = []
def look(*_):
    most.append(anonymous())
store, images, width = FeatureStore(Path(sys.argv[1])), int(sys.argv[2]), 1280
rng = np.random.default_rng(0)
labels, contents = rng.integers(10, size=images), np.arange(images * 4).view("V32")
for start in range(0, images, 5000):
    some = slice(start, start + 5000)
    store.put(Recipe("a", "b"), contents[some], rng.random((len(labels[some]), width), np.float32))
vectors = np.empty((images, width), np.float32)
assert store.fill(Recipe("a", "b"), contents, vectors).all()
data = Labeled(vectors, labels)
heads = Heads(width, 10, [0])
step = Heads.step
Heads.step = lambda *words: look() or step(*words)
fit_heads(heads, data, [np.arange(images)], HeadFit(1, 512, lr=3e-3, wd=1.0))
def train(data, places):
    alike = Heads(width, 10, [0] * len(places))
    fit_heads(alike, data, places, HeadFit(1, 512, lr=3e-3, wd=1.0))
    look()
    return alike
hold_out(data, np.arange(images), contents, 10, train)
look()
print(max(most))
"""


def read(
    store: FeatureStore, contents: NDArray[np.void], recipe: Recipe = RECIPE
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    vectors = np.full((len(contents), WIDTH), -1, np.float32)
    return vectors, store.fill(recipe, contents, vectors)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


def shards(store: FeatureStore) -> list[int]:
    found = [open_shard(path) for path in store.folder.glob(f"*/*/*{SUFFIX}")]
    return sorted(len(shard) for shard in found if shard is not None)


@campaign(200)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=20), st.randoms())
def test_what_was_put_in_any_pieces_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]], luck: object
) -> None:
    store = FeatureStore(tmp_path_factory.mktemp("store") / "features")
    there: set[int] = set()
    for first, count in pieces:
        contents = hashes(first, first + count)
        store.put(RECIPE, contents, vectors_of(contents))
        there |= set(range(first, first + count))
    asked = list(range(90))
    luck.shuffle(asked)  # type: ignore[attr-defined]
    contents = np.concatenate([hashes(number, number + 1) for number in asked])
    vectors, is_known = read(store, contents)
    assert is_known.tolist() == [number in there for number in asked]
    assert np.array_equal(vectors[is_known], vectors_of(contents)[is_known])
    assert (vectors[~is_known] == -1).all()
    assert not read(store, contents, OTHER)[1].any()
    assert len(shards(store)) < MANY


def test_small_files_are_merged_and_large_ones_left_alone(store: FeatureStore) -> None:
    contents = hashes(0, 3000)
    store.put(RECIPE, contents, vectors_of(contents))
    (large,) = store.folder.glob(f"*/*/*{SUFFIX}")
    for first in range(3000, 3000 + 10 * MANY, 10):
        contents = hashes(first, first + 10)
        store.put(RECIPE, contents, vectors_of(contents))
    assert shards(store) == [10 * MANY, 3000]
    assert large.exists()
    assert read(store, hashes(0, 3040))[1].all()


def test_many_writers_at_once_lose_nothing(store: FeatureStore) -> None:
    command = [sys.executable, "-c", WRITER, str(store.folder)]
    writers = [subprocess.Popen([*command, str(first)], cwd=ROOT) for first in (0, 20, 40, 60)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    vectors, is_known = read(store, hashes(0, 100))
    assert is_known.all()
    assert np.array_equal(vectors, vectors_of(hashes(0, 100)))


def test_torn_file_costs_its_vectors_and_no_others(store: FeatureStore) -> None:
    for first in (0, 10):
        contents = hashes(first, first + 10)
        store.put(RECIPE, contents, vectors_of(contents))
    file = max(store.folder.glob(f"*/*/*{SUFFIX}"))
    file.write_bytes(file.read_bytes()[:-1])
    assert read(store, hashes(0, 20))[1].sum() == 10


@campaign(400)
@given(st.binary(max_size=200), st.integers(0, 120), st.booleans())
def test_no_file_that_a_stranger_sends_breaks_the_store(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int, is_like_ours: bool
) -> None:
    path = tmp_path_factory.mktemp("odd") / f"x{SUFFIX}"
    if is_like_ours:
        write_shard(path, [(hashes(0, 2), vectors_of(hashes(0, 2)))])
        data = path.read_bytes()[:at] + data + path.read_bytes()[at + len(data) :]
    path.write_bytes(data)
    shard = open_shard(path)
    assert shard is None or (len(shard.contents) == len(shard.vectors) and shard.vectors.sum() is not None)


def test_folder_among_the_files_is_passed_over(store: FeatureStore) -> None:
    store.put(RECIPE, hashes(0, 2), vectors_of(hashes(0, 2)))
    (folder,) = store.folder.glob("*/*")
    (folder / f"folder{SUFFIX}").mkdir()
    assert read(store, hashes(0, 2))[1].all()


def test_what_a_killed_writer_left_is_removed_after_a_while(store: FeatureStore) -> None:
    store.put(RECIPE, hashes(0, 2), vectors_of(hashes(0, 2)))
    (folder,) = store.folder.glob("*/*")
    old, new = folder / ".whatsit.old", folder / ".whatsit.new"
    for path in (old, new):
        path.write_bytes(b"half a shard")
    os.utime(old, (0, 0))
    store.put(RECIPE, hashes(2, 4), vectors_of(hashes(2, 4)))
    assert not old.exists()
    assert new.exists(), "somebody may be writing it"


@pytest.mark.usefixtures("cache")
def test_copy_is_read_where_the_first_file_is_gone(digits: Path) -> None:
    for path in sorted((digits / "0").iterdir()):
        shutil.copy(path, path.with_name(f"z-{path.name}"))
    catalog = wi.Catalog.from_folder(digits)
    for path in (digits / "0").glob("0*"):
        path.unlink()
    learner = wi.Learner(catalog, size=32)
    assert learner.classes == ["0", "1", "7"]
    assert learner._state.data.count("train") + learner._state.data.count("valid") == len(catalog)


def test_pipe_among_the_files_is_not_waited_for(store: FeatureStore) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes in folders here")
    store.put(RECIPE, hashes(0, 2), vectors_of(hashes(0, 2)))
    (folder,) = store.folder.glob("*/*")
    os.mkfifo(folder / f"pipe{SUFFIX}")
    assert read(store, hashes(0, 2))[1].all()


def test_links_are_refused(store: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    store.put(RECIPE, hashes(0, 2), vectors_of(hashes(0, 2)))
    (folder,) = store.folder.glob("*/*")
    (folder / f"link{SUFFIX}").symlink_to(tmp_path / "victim")
    with pytest.raises(ProjectError, match="symbolic link"):
        read(store, hashes(0, 2))
    folder.rename(tmp_path / "victim" / "moved")
    folder.symlink_to(tmp_path / "victim" / "moved")
    with pytest.raises(ProjectError, match="symbolic link"):
        store.put(RECIPE, hashes(0, 2), vectors_of(hashes(0, 2)))


def test_backbone_is_forgotten_alone_and_by_its_hash_alone(store: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    for recipe in (RECIPE, OTHER):
        store.put(recipe, hashes(0, 2), vectors_of(hashes(0, 2)))
    for odd in ("", "..", "../victim", "a" * 32, str(tmp_path / "victim")):
        store.forget(odd)
    assert (tmp_path / "victim").exists()
    assert read(store, hashes(0, 2))[1].all()
    store.forget(RECIPE.backbone)
    assert not read(store, hashes(0, 2))[1].any()
    assert read(store, hashes(0, 2), OTHER)[1].all()


def test_only_rows_that_are_asked_for_are_read(store: FeatureStore) -> None:
    contents = np.arange(50_000 * 4).view("V32")
    store.put(RECIPE, contents, np.ones((50_000, 256), np.float32))  # 51 MB
    few, vectors = contents[::5000], np.zeros((10, 256), np.float32)
    tracemalloc.start()
    assert store.fill(RECIPE, few, vectors).all()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is anonymous")
def test_training_on_many_features_holds_them_once(tmp_path: Path) -> None:
    """Of 100,000 features, 512 MB, heads and held-out heads are trained in under 1.5 GB."""
    images = 100_000 if WHOLE else 5_000
    command = [sys.executable, "-c", BIG, str(tmp_path / "features"), str(images)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 130 + 1.6 * images * 1280 * 4 / (1 << 20)
