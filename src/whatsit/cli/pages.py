"""typer's help pages in plain words: no types, and limits only where somebody might cross them."""

import re
from typing import Any

import typer
from typer import core

from whatsit.i18n import say

_LIMITS = re.compile(r"(?P<before>; )?(\d+<=x<=\d+|x>=(?P<least>[\d.]+))(?=\]$)")


def readable(name: str, text: str) -> tuple[str, str]:
    """A row of a help page: its choices without brackets, and its limits in words."""

    def in_words(found: re.Match[str]) -> str:
        least = float(found["least"] or 0)
        return f"{found['before'] or ''}{say('parser.at_least', least=f'{least:g}')}" if least else ""

    text = _LIMITS.sub(in_words, text).removesuffix("[]").rstrip()
    return name.translate({ord("<"): None, ord(">"): None}), text.replace("; ", say("parser.between"))


class Pages(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Writes help pages."""

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([readable(*row) for row in rows], col_max, col_spacing)


class _Context(typer.Context):
    formatter_class = Pages


class Command(core.TyperCommand):
    """A command."""

    context_class: type[typer.Context] = _Context

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words after the command, as manuals write them: [FOLDER] may be left out, IMAGE... repeated."""
        arguments = [one for one in self.params if isinstance(one, core.TyperArgument)]
        return [say("parser.some_options"), *map(_piece, arguments)]


class Group(core.TyperGroup):
    """The program."""

    context_class: type[typer.Context] = _Context


def _piece(argument: core.TyperArgument) -> str:
    repeated = f"{argument.metavar}{'' if argument.nargs == 1 else '...'}"
    return repeated if argument.required else f"[{repeated}]"
