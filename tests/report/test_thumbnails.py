"""Small pictures that are kept while features are computed, so that pages need not decode the large ones."""

import io
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

import whatsit as wi
from whatsit.project import Thumbnails
from whatsit.report import thumbnails as module
from whatsit.report.thumbnails import known_thumbnails, shrink, thumbnails

JPEG = shrink(Image.new("RGB", (300, 200), "red"))


def test_small_pictures_are_kept_by_content(tmp_path: Path) -> None:
    store = Thumbnails(tmp_path / "thumbnails.sqlite")
    assert store.get([b"a" * 32]) == {}
    store.put({})
    assert not store.path.exists()
    many = {number.to_bytes(32, "big"): JPEG for number in range(1200)}
    store.put(many)
    store.put({b"\0" * 32: JPEG})
    assert store.get([*many, b"a" * 32]) == many


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b"no database"),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/dev/null"),
        lambda path: _run(path, "CREATE TABLE thumbnails (content, jpeg)"),
        lambda path: _run(path, "CREATE VIEW thumbnails AS SELECT 1"),
    ],
)
def test_file_that_is_damaged_or_a_strangers_only_costs_time(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    store = Thumbnails(tmp_path / "thumbnails.sqlite")
    write(store.path)
    store.put({b"a" * 32: JPEG})
    assert store.get([b"a" * 32]) == {}


def test_only_small_jpeg_files_come_out(tmp_path: Path) -> None:
    store = Thumbnails(tmp_path / "thumbnails.sqlite")
    odd = {b"1": b"<script>", b"2": "text", b"3": JPEG + bytes(1 << 16), b"4": 7, b"5": None}
    store.put({**odd, b"6": JPEG})  # type: ignore[dict-item]
    assert store.get([*odd, b"6"]) == {b"6": JPEG}


def _run(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)


def test_report_decodes_no_picture_of_the_album_again(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=32)
    learner.fit_one_cycle(1)
    paths = [item.path for item in learner.catalog]
    known = known_thumbnails(learner.catalog, learner._state.project, paths)
    assert set(known) == set(paths)
    assert known_thumbnails(learner.catalog, learner._state.project, paths[:3]).keys() == set(paths[:3])

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(module, "opened", refuse)
    assert list(thumbnails(paths, known=known)) == paths
    with pytest.raises(AssertionError, match="decoded"):
        thumbnails(paths)


def test_small_input_leaves_no_blurred_thumbnails(clothing: Path, tmp_path: Path) -> None:
    paths = (
        sorted((clothing / "train" / "hat").iterdir())[:4]
        + sorted((clothing / "train" / "shoes").iterdir())[:4]
    )
    catalog = wi.Catalog.from_lists(paths, [path.parent.name for path in paths], project=tmp_path / "project")
    for size in (32, 96, 224):
        wi.Learner(catalog, size=size).fit_one_cycle(1)
    for jpeg in known_thumbnails(catalog, catalog.project, paths).values():
        with Image.open(io.BytesIO(jpeg)) as image:
            assert max(image.size) == 144


def test_large_blob_of_a_stranger_is_not_loaded(tmp_path: Path) -> None:
    store = Thumbnails(tmp_path / "thumbnails.sqlite")
    store.put({b"1": JPEG})
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("INSERT INTO thumbnails VALUES (x'32', zeroblob(200000000))")
    tracemalloc.start()
    assert store.get([b"1", b"2"]) == {b"1": JPEG}
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
