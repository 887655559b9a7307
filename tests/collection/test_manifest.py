"""The manifest keeps what was written, wherever writing it was broken off."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import campaign
from whatsit.cells import safe, unsafe
from whatsit.collection.lists import label_lists, label_of, read_list
from whatsit.collection.manifest import COLUMNS, STATUSES, Manifest
from whatsit.collection.provider import Found
from whatsit.errors import CollectError
from whatsit.text import printable

TEXT = st.text(max_size=12)


@campaign(400)
@given(st.data())
def test_manifest_cut_off_anywhere_keeps_its_whole_lines(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "manifest.csv")
        written = Manifest(path)
        found = [Found(f"http://x/{data.draw(TEXT)}", *(data.draw(TEXT) for _ in range(5))) for _ in range(4)]
        written.add("bär", found, data.draw(TEXT), 7)
        rows = written.of("bär")
        for _ in range(data.draw(st.integers(0, 6))):
            written.note(
                data.draw(st.sampled_from(rows)), data.draw(st.sampled_from(STATUSES)), data.draw(TEXT)
            )
        assert Manifest(path).rows == written.rows
        lines = path.read_bytes().splitlines(keepends=True)
        cut = data.draw(st.integers(len(lines[0]), sum(map(len, lines))))
        whole = path.read_bytes()[:cut]
        path.write_bytes(whole)
        kept = Manifest(path)
        rest = whole.splitlines(True)[1:]
        numbers = {line.split(b",")[1] for line in rest if b"\n" in line}
        assert numbers <= {b"%d" % row.number for row in kept}
        assert len(kept) <= len(numbers) + (not whole.endswith(b"\n"))
        assert all(row.url in {one.url for one in rows} for row in kept)
        assert path.read_bytes().endswith(b"\n")
        kept.add("bär", [Found("http://x/new")], "", 99)
        assert Manifest(path).rows == kept.rows


def test_manifest_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.csv")
    manifest.add("熊", [Found("http://x/1", title='a, "b"', author="-Anna")], "brown bear", 0)
    data = manifest.path.read_bytes()
    assert data.startswith("\ufeff".encode())  # or Excel takes it for another alphabet
    (row,) = csv.DictReader(data.decode("utf-8-sig").splitlines())
    assert tuple(row) == COLUMNS
    assert (row["class"], row["title"], row["author"], row["words"]) == (
        "熊",
        'a, "b"',
        "'-Anna",
        "brown bear",
    )


ODD = st.text(st.sampled_from("=+-@＝'\";\t\r\n, a\u200b"), max_size=9) | TEXT
CELLS = ODD.filter(lambda cell: "\r" not in cell)  # which Python 3.11 does not quote, and no cell holds


@campaign(4000)
@given(ODD)
def test_every_cell_is_read_as_it_was(cell: str) -> None:
    assert unsafe(safe(cell)) == cell
    assert safe(cell)[:1] not in tuple("=+-@＝\t\r\n")


@campaign(4000)
@given(st.lists(CELLS, min_size=1, max_size=5))
def test_no_spreadsheet_computes_a_cell_and_all_are_read_as_they_were(cells: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["bear", *map(safe, cells)]] * 2)
    (row, _) = csv.reader(io.StringIO(text.getvalue()), strict=True)
    assert [unsafe(cell) for cell in row[1:]] == cells
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=separator):
            assert not [cell for cell in row if cell[:1] in tuple("=+-@＝\t\r")]


def test_formula_behind_a_semicolon_is_kept_from_computing_and_read_as_it_was(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.csv")
    url = "http://x/a;=1+1"
    titles = ["a;=cmd|' /C calc'!A0", ';="x"', 'it;"-1"', "a; @b", "a;b"]
    manifest.add("bear", [Found(url)], "", 0)
    manifest.add("bear", [Found(f"http://x/{n}", title=title) for n, title in enumerate(titles)], "", 1)
    lines = manifest.path.read_text(encoding="utf-8-sig").splitlines()
    cells = [cell for row in csv.reader(lines, delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.lstrip("\"' ")[:1] in tuple("=+-@")]
    read = Manifest(manifest.path)
    assert read.rows == manifest.rows
    assert [row.title for row in read.of("bear")] == ["", *titles]
    assert read.of("bear")[0].url == url


def test_manifest_of_an_earlier_whatsit_reads_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    manifest = Manifest(path)
    manifest.add("bear", [Found("http://x/1", title="TITLE")], "", 0)
    for written, title in (("it;'s", "it;'s"), ("a;=1", "a;=1"), ("'=1", "=1"), ("''a", "'a")):
        path.write_bytes(path.read_bytes().replace(b"TITLE", written.encode()))
        assert Manifest(path).of("bear")[0].title == title
        path.write_bytes(path.read_bytes().replace(written.encode(), b"TITLE"))


def test_manifest_that_excel_saved_again_still_counts(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.csv")
    manifest.add("bear", [Found("http://x/1"), Found("http://x/2", title="a,b")], "", 0)
    manifest.path.write_bytes(manifest.path.read_bytes().replace(b"\n", b"\r\n"))
    assert Manifest(manifest.path).rows == manifest.rows


def test_what_editors_do_to_the_last_lines_is_no_harm(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.csv")
    manifest.add("bear", [Found("http://x/1"), Found("http://x/2")], "", 0)
    whole = manifest.path.read_bytes()
    for edited in (whole.rstrip(b"\n"), whole + b"\n\n"):
        manifest.path.write_bytes(edited)
        assert Manifest(manifest.path).rows == manifest.rows


def test_addresses_with_invisible_letters_stay_what_they_are(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.csv")
    manifest.add("bear", [Found("http://x/a\u200db\xa0c\nd")], "", 0)
    assert [row.url for row in manifest.of("bear")] == ["http://x/a%E2%80%8Db%C2%A0c%0Ad"]


@pytest.mark.parametrize(
    "spoilt", [b"\xff\xfe\x00", b"a,b\n1,2\n", ",".join(COLUMNS).encode() + b"\nx\n", b"\0\n"]
)
def test_spoilt_manifest_is_refused(tmp_path: Path, spoilt: bytes) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(spoilt + b"\n")
    with pytest.raises(CollectError, match="not a valid Whatsit manifest"):
        Manifest(path)
    assert path.read_bytes() == spoilt + b"\n"


@campaign(1000)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1), min_size=1
    )
)
def test_every_line_of_a_text_file_is_an_address_whatever_is_in_it(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "urls_x.txt")
        urls = [f"http://x/{printable(line)}" for line in lines]
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            path.write_text("# mine\n\n" + "\r\n".join(urls), encoding=encoding, newline="")
            assert [found.url for found in read_list(path)] == urls


@pytest.mark.parametrize(
    ("table", "urls"),
    [
        ("http://x/1,a\nhttp://x/2?a=b,c&d;e\n", ["http://x/1,a", "http://x/2?a=b,c&d;e"]),
        ('"http://x/1,a"\n"http://x/2"\n', ["http://x/1,a", "http://x/2"]),
        ("url\nhttp://x/1\n\nhttp://x/2\n", ["http://x/1", "http://x/2"]),
        ("id;URL;name\n7;http://x/1,2;bear\n8;;none\n", ["http://x/1,2"]),
        ("title\timage_url\nA\thttp://x/1\n", ["http://x/1"]),
    ],
)
def test_tables_name_their_column_or_are_addresses_line_by_line(
    tmp_path: Path, table: str, urls: list[str]
) -> None:
    (tmp_path / "urls.csv").write_text(table)
    assert [found.url for found in read_list(tmp_path / "urls.csv")] == urls


def test_tables_may_tell_license_and_author(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('url,license,author,page,title\nhttp://x/1,CC0,"Me, you",http://p,T\n')
    assert read_list(tmp_path / "a.csv") == [Found("http://x/1", "CC0", "Me, you", "http://p", "T")]


def test_class_comes_from_the_name_of_the_list(tmp_path: Path) -> None:
    assert label_of(Path("urls_grizzly bear.txt")) == "grizzly bear"
    assert label_of(Path("black.csv")) == "black"
    assert label_of(Path("urls_black (1).txt")) == "black"
    for name in ("urls_a.txt", "b.txt"):
        (tmp_path / name).write_text(f"http://x/{name}")
    assert list(label_lists([tmp_path])) == ["b", "a"]
    assert list(label_lists([tmp_path], "all")) == ["all"]
