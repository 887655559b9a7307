"""The Python reference as users write it: names such as `whatsit.Catalog`, and types that can be read."""

import re

from sphinx.application import Sphinx

MADE_BY_READERS = {"whatsit.Catalog", "whatsit.catalog.Options"}  # nobody calls their constructors
EVENT = "Progress | EpochDone | Predicted | Note | Artifact | Finished | Failed"
SHORTER = (
    (re.compile(r"~[\w.]+\.(?=\w)"), ""),  # the module of a type
    (re.compile(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]"), r"NDArray[\1]"),
    (re.compile(re.escape(f"Callable[[{EVENT}], None]")), "Emit"),
    (re.compile(r"Unpack\[(\w+)\]"), r"\1"),
    (re.compile(r"slice\(([\d.e-]+), ([\d.e-]+), None\)"), r"slice(\1, \2)"),
)
CODE = re.compile(r"(`+[^`]*`+)")
VALUE = re.compile(r"\"[\w.-]+\"")


def shorten(
    app: Sphinx, what: str, name: str, obj: object, options: object, given: str | None, returned: str | None
) -> tuple[str, str] | None:
    """The arguments of an object, and what it returns."""
    if given is None or name in MADE_BY_READERS:
        return None if given is None else ("", "")
    returned = returned or ""
    for pattern, short in SHORTER:
        given, returned = pattern.sub(short, given), pattern.sub(short, returned)
    return given, returned


def quote(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Values in double quotes as code: a sentence would curl their quotes."""
    for number, line in enumerate(lines):
        parts = CODE.split(line)
        parts[::2] = [VALUE.sub(r"`\g<0>`", part) for part in parts[::2]]
        lines[number] = "".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-docstring", quote)
    return {"parallel_read_safe": True}
