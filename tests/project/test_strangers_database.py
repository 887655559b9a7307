"""A stranger's databases: other tables, odd values, pipes, and a journal that names files to delete."""

import os
import sqlite3
import struct
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import whatsit as wi
from tests.conftest import campaign
from tests.stranger import Neighbors, move, neighbors, refused, snapshot
from whatsit.catalog.looks import looks_of
from whatsit.collection.manifest import HEAD
from whatsit.errors import UntrustedError, WhatsitError
from whatsit.project import Project
from whatsit.review import Decisions, history


@pytest.fixture
def received(digits: Path) -> Neighbors:
    Project(digits)
    return neighbors(digits)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
@pytest.mark.parametrize("name", ["project.sqlite", "project.sqlite-journal"])
def test_pipe_instead_of_a_file_is_not_waited_for(received: Neighbors, name: str) -> None:
    (received.sidecar / name).unlink(missing_ok=True)
    os.mkfifo(received.sidecar / name)
    with pytest.raises(UntrustedError, match="is not a file"):
        Project(received.images)


def naming(path: Path) -> bytes:
    """How a journal ends that names a further file, which SQLite deletes after it has read the journal."""
    name = os.fsencode(path)
    return (
        struct.pack(">I", 1)
        + name
        + struct.pack(">II", len(name), sum(name))
        + bytes.fromhex("d9d505f920a163d7")
    )


def test_journal_of_a_database_deletes_no_file(received: Neighbors) -> None:
    name = "project.sqlite"
    data = (received.sidecar / name).read_bytes()
    page, pages = data[:4096], len(data) // 4096
    header = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 1, 0, pages, 512, 4096)
    total = sum(page[place] for place in range(4096 - 200, 0, -200)) % 2**32
    record = struct.pack(">I", 1) + page + struct.pack(">I", total)
    journal = header.ljust(512, b"\0") + record + naming(received.victim / "zz")
    (received.sidecar / f"{name}-journal").write_bytes(journal)
    outside = snapshot(received.victim)
    with pytest.raises(UntrustedError, match="names a file to delete"):
        Project(received.images)
    assert snapshot(received.victim) == outside


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER UPDATE ON moves BEGIN DELETE FROM splits; END",
        "CREATE VIEW forever AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n",
        "CREATE TABLE more (one TEXT)",
        "DROP TABLE splits",
        "ALTER TABLE moves ADD COLUMN mood TEXT",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
    ],
)
def test_database_with_other_tables_is_refused(received: Neighbors, statement: str) -> None:
    with closing(sqlite3.connect(received.sidecar / "project.sqlite")) as database, database:
        database.execute(statement)
    refused(received, "show")


ODD = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.sampled_from([b"..", b"../victim/zz", b"/", b"0/x", b".", b"\xff", "planned", "made", "undoing"]),
)
TABLES = {
    "facts": ("name", "value"),
    "files": ("path", "row", "error", "judge"),
    "rules": ("id", "rule"),
    "splits": ("rule", "content", "split", "hash", "relation"),
    "decisions": (
        "action",
        "at",
        "content",
        "choice",
        "was",
        "label",
        "path",
        "place",
        "move",
        "state",
        "followed",
    ),
    "looks": ("content", "look", "version"),
    "moves": ("id", "action", "at", "reason", "source", "target", "name", "state"),
}


@pytest.mark.parametrize("table", TABLES)
@campaign(200)
@given(data=st.data())
def test_odd_values_in_any_table_are_refused_or_passed_over(
    tmp_path_factory: pytest.TempPathFactory, all_digits: Path, table: str, data: st.DataObject
) -> None:
    """Where it goes on, nothing outside has changed."""
    here = tmp_path_factory.mktemp("odd")
    for label in "01":
        (here / "images" / label).mkdir(parents=True)
        for path in sorted((all_digits / label).glob("*.png"))[5:9]:
            (here / "images" / label / path.name).write_bytes(path.read_bytes())
    received = neighbors(here / "images")
    catalog = wi.Catalog.from_folder(received.images)
    if table == "decisions":
        (received.images / "manifest.csv").write_bytes(HEAD)
        Decisions(catalog).decide(list(catalog)[:2], data.draw(st.sampled_from(["keep", "remove"])))
    if table == "looks":
        looks_of(catalog)
    sidecar = data.draw(st.sampled_from([received.sidecar, here / "elsewhere"])) if table == "facts" else None
    with closing(sqlite3.connect(received.sidecar / "project.sqlite")) as database, database:
        column = data.draw(st.sampled_from(TABLES[table]))
        if table == "moves":
            row = move(source=b"0/x", state=data.draw(st.sampled_from(["planned", "made"])))
            database.execute("INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        if table == "facts":
            database.execute("INSERT INTO facts VALUES ('images', ?)", (os.fsencode(received.images),))
        value, odd = "?", ODD
        if column == "row" and data.draw(st.booleans()):  # of a file that did not change since
            value, odd = "CAST(substr(row, 1, 24) || ? AS BLOB)", st.binary(min_size=61, max_size=61)
        try:
            database.execute(f"UPDATE OR REPLACE {table} SET {column} = {value}", (data.draw(odd),))
        except sqlite3.IntegrityError:  # not a whole number in a column of these
            return
    if sidecar and sidecar != received.sidecar:
        received.sidecar.rename(sidecar)
    outside = snapshot(received.victim)
    with suppress(WhatsitError):
        catalog = wi.Catalog.from_folder(received.images, project=sidecar)
        str(catalog.summary())
        catalog.to_dataframe()
        if table == "looks":
            assert np.isfinite(looks_of(catalog)["blur"]).all()
        catalog.project.journal.trashed()
        decisions = Decisions(catalog)
        decisions.known()
        history(catalog.project)
        decisions.decide(list(catalog)[2:3], "relabel", "1")
        decisions.undo()
        with catalog.project.lock():
            catalog.project.journal.undo()
            catalog.project.journal.begin().trash([(catalog.items[0].path, "why")])
    assert snapshot(received.victim) == outside


def test_features_that_can_not_be_right_are_computed_anew(received: Neighbors, cache: Path) -> None:
    def vectors() -> NDArray[np.float32]:
        catalog = wi.Catalog.from_folder(received.images)
        return wi.Learner(catalog, size=32, precision="fp32")._state.data.of("train").inputs

    right = vectors()
    (file,) = received.sidecar.glob("features/*/*/*.features")
    whole = file.read_bytes()
    for odd in (b"", whole[:-4], whole[:-4] + np.float32(np.nan).tobytes(), b"no" + whole[2:]):
        file.write_bytes(odd)
        assert np.array_equal(vectors(), right)
