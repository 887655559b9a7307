"""A cell of a notebook as Python: its magics blanked out, every other line and column where it was."""

import re

LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as Python counts lines, with their ends
IN_PYTHON = ("time", "timeit", "capture", "prun", "python3", "python")  # magics of cells that hold Python
_CELL_MAGIC = re.compile(r"\s*%%(\w*)")
_MAGIC = re.compile(r"[ \t]*(?:[%!?]|[%\w.*\[\]]+\?{1,2}[ \t]*;?[ \t]*$)")
_TIMED = re.compile(r"([ \t]*)(%(?:time|timeit|prun)[ \t]+)(?=[^\s-])")
_ASSIGNED = re.compile(r"([ \t]*[\w.,\[\] \t]+=[ \t]*)[!%]")
_OPENS = re.compile(r"""\\.|#.*|"{3}|'{3}|["'()\[\]{}]""", re.DOTALL)


def without_magics(source: str) -> str | None:
    """The cell as Python, with as many lines; None where it is in another language, as `%%bash` says."""
    lines = LINES.findall(source)
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines and (magic := _CELL_MAGIC.match(lines[first])):
        if magic[1] not in IN_PYTHON:
            return None
        lines[first] = _blank(lines[first])
    quote, depth, goes_on, is_magic = "", 0, False, False
    for place, line in enumerate(lines):
        begins = not (quote or depth or goes_on)
        is_magic = bool(_MAGIC.match(line.rstrip("\r\n"))) if begins else is_magic and goes_on
        goes_on = line.rstrip("\r\n").endswith("\\")
        if begins and (found := _TIMED.match(line)):
            lines[place] = line = f"{found[1]}0;{' ' * (len(found[2]) - 2)}{line[found.end() :]}"
        elif is_magic:
            lines[place] = _blank(line, "pass" if begins else "")
            continue
        elif begins and (found := _ASSIGNED.match(line)):
            lines[place] = line = f"{found[1]}None{_end(line)}"
        quote, depth = _after(line, quote, depth)
    return "".join(lines)


def _blank(line: str, instead: str = "pass") -> str:
    return line[: len(line) - len(line.lstrip())].rstrip("\r\n") + instead + _end(line)


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """The quotes that are open after a line, and how many brackets, from those before it."""
    place = 0
    while found := (_closes(quote) if quote else _OPENS).search(line, place):
        mark, place = found.group(), found.end()
        if quote:
            quote = "" if mark == quote else quote
        elif mark[0] in "\"'":
            quote = mark
        elif mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth = max(depth - 1, 0)
    goes_on = len(quote) == 3 or line.rstrip("\r\n").endswith("\\")
    return (quote if goes_on else ""), depth


def _closes(quote: str) -> re.Pattern[str]:
    return re.compile(rf"\\.|{quote}", re.DOTALL)
