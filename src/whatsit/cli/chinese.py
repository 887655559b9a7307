"""typer's help pages in Chinese."""

from typing import Any

import typer
from typer import core

from whatsit.cli import pages
from whatsit.i18n import say
from whatsit.wide import cells, to_left, wrapped

# typer's words, which it hands to gettext or writes into the line of usage.
WORDS = {
    "Arguments": "parser.arguments",
    "Options": "parser.options",
    "Commands": "parser.commands",
    "default: {default}": "parser.default",
    "required": "parser.required",
    "[OPTIONS]": "parser.some_options",
    "COMMAND [ARGS]...": "parser.some_command",
}


class ChinesePages(pages.Pages):
    """Writes help pages whose lines are broken by cells: Chinese has few spaces, and wide characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        start = f"{say('parser.usage')}{prog} "
        self._write(start, args, cells(start))

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{say('parser.heading', name=heading)}\n")

    def write_text(self, text: str) -> None:
        self._write(" " * self.current_indent, text, self.current_indent)

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = [pages.readable(*row) for row in rows]
        widest = min(max(cells(name) for name, _ in rows), col_max)
        indent = self.current_indent + widest + col_spacing
        for name, text in rows:
            start = " " * self.current_indent + name
            if cells(name) > widest:
                self.write(f"{start}\n")
                start = ""
            self._write(to_left(start, indent), text, indent)

    def _write(self, start: str, text: str, indent: int) -> None:
        lines = wrapped(text, self.width - indent)
        self.write((start + f"\n{' ' * indent}".join(lines)).rstrip() + "\n")


class _Context(typer.Context):
    formatter_class = ChinesePages


class ChineseCommand(pages.Command):
    """A command whose help is in Chinese."""

    context_class = _Context

    def get_help_option(self, ctx: Any) -> Any:
        return _with_help(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        return f"{(self.help or '').partition('。')[0]}。"


class ChineseGroup(pages.Group):
    """The program, whose help is in Chinese."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [_word(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: Any) -> Any:
        return _with_help(super().get_help_option(ctx))


def speak_chinese() -> None:
    """Let typer's help pages have Chinese headings."""
    vars(core)["_"] = _word  # where typer takes gettext's


def _word(english: str) -> str:
    return say(WORDS[english]) if english in WORDS else english


def _with_help(option: Any) -> Any:
    if option is not None:
        option.help = say("parser.help")
    return option
