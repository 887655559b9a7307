"""A notebook or script as cells of code, and the same file with other code in them: no other byte changes."""

import codecs
import io
import json
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from whatsit.errors import WhatsitError
from whatsit.fastai1.converter.rewriting import Edit
from whatsit.i18n import Message

MOST = 256 << 20  # bytes; a notebook with many pictures has some 30 MB


class _Placed(str):
    """A string of a JSON document, and where it stands in it, with its quotes."""

    start = end = 0


class _Decoder(JSONDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.parse_string: Callable[..., tuple[str, int]] = _placed
        self.scan_once = py_make_scanner(self)


def _placed(text: str, begin: int, strict: bool = True) -> tuple[str, int]:
    found, end = scanstring(text, begin, strict)
    one = _Placed(found)
    one.start, one.end = begin - 1, end
    return one, end


@dataclass(frozen=True)
class NotebookFile:
    """The text of a file, its encoding, and the pieces of each cell of code: a notebook's are its lines."""

    path: Path
    text: str
    encoding: str
    cells: Sequence[Sequence[str]]

    @property
    def sources(self) -> list[str]:
        return ["".join(pieces) for pieces in self.cells]

    def edited(self, edits: Sequence[Sequence[Edit]]) -> bytes:
        """The file after edits of each cell, in their order; what they don't touch stays as it is written."""
        if not self.is_notebook:
            return "".join(_edited(self.cells[0], edits[0])).encode(self.encoding)
        parts, place = [], 0
        for pieces, changes in zip(self.cells, edits, strict=True):
            for old, new in zip(pieces, _edited(pieces, changes), strict=True):
                if old != new and isinstance(old, _Placed):
                    written = self.text[old.start : old.end]
                    parts += [self.text[place : old.start], _quoted(new, written.isascii())]
                    place = old.end
        return "".join([*parts, self.text[place:]]).encode(self.encoding)

    @property
    def is_notebook(self) -> bool:
        return self.path.suffix == ".ipynb"

    @classmethod
    def read(cls, path: Path) -> "NotebookFile":
        """Read a Jupyter notebook (format 4) or a Python script. Raises WhatsitError."""
        data = _bytes(path)
        try:
            encoding = _encoding(data, path)
            text = data.decode(encoding)
            cells = _cells(text) if path.suffix == ".ipynb" else [[text]]
        except (UnicodeError, SyntaxError, RecursionError, ValueError, LookupError, TypeError) as error:
            code = "rewriting.not_a_notebook" if path.suffix == ".ipynb" else "rewriting.not_a_script"
            raise WhatsitError(Message(code, path=path)) from error
        return cls(path, text, encoding, cells)


def _bytes(path: Path) -> bytes:
    if path.suffix not in (".ipynb", ".py"):
        raise WhatsitError(Message("rewriting.suffix", path=path))
    if not path.is_file():
        raise WhatsitError(Message("rewriting.no_file", path=path))
    if path.stat().st_size > MOST:
        raise WhatsitError(Message("rewriting.too_large", path=path))
    return path.read_bytes()


def _encoding(data: bytes, path: Path) -> str:
    if path.suffix == ".py":
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    return "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"


def _cells(text: str) -> list[list[str]]:
    """The strings of each cell of code. Raises ValueError, LookupError or TypeError for another document."""
    document: Any = _Decoder().decode(text)
    sources = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]
    cells = [[source] if isinstance(source, str) else list(source) for source in sources]
    if not all(isinstance(piece, _Placed) for pieces in cells for piece in pieces):
        raise TypeError("a source that is not text")
    return cells


def _edited(pieces: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The pieces of a source after edits of it: what is new stands in the piece in which the old began."""
    new, start = [], 0
    for piece in pieces:
        parts, place, end = [], start, start + len(piece)
        for edit in edits:
            if edit.start < end and edit.end > start:
                begins = edit.start >= start
                parts += [piece[place - start : edit.start - start], edit.text] if begins else []
                place = min(edit.end, end)
        new.append("".join([*parts, piece[place - start :]]))
        start = end
    return new


def _quoted(text: str, in_ascii: bool) -> str:
    try:
        text.encode()
    except UnicodeError:  # half a character, which JSON can escape alone
        in_ascii = True
    return json.dumps(text, ensure_ascii=in_ascii)
