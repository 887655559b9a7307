"""typer's own sentences in Chinese: its help pages, and what it says of a command that it can't parse."""

import re
import sys
from functools import cache
from string import Formatter
from typing import Any

import typer
from typer import core

from whatsit.cli.wide import cells, to_left, wrapped
from whatsit.i18n import codes, say
from whatsit.text import printable

# typer's words, which it hands to gettext or writes into the line of usage.
WORDS = {
    "Arguments": "parser.arguments",
    "Options": "parser.options",
    "Commands": "parser.commands",
    "default: {default}": "parser.default",
    "required": "parser.required",
    "[OPTIONS]": "parser.some_options",
    "COMMAND [ARGS]...": "parser.some_command",
    "<str>": "parser.text",
    "<path>": "parser.path",
    "<int>": "parser.integer",
    "<int range>": "parser.integer",
    "<float>": "parser.number",
    "<float range>": "parser.number",
}
# typer's sentences, those that hold another one first.
SENTENCES = (
    "usage.possible_options",
    "usage.no_command_but",
    "usage.invalid_for",
    "usage.invalid",
    "usage.no_option",
    "usage.no_command",
    "usage.no_argument",
    "usage.option_missing",
    "usage.command_missing",
    "usage.extra",
    "usage.needs_value",
    "usage.takes_no_value",
    "usage.not_integer",
    "usage.not_float",
    "usage.not_integer_range",
    "usage.not_float_range",
    "usage.not_in_range",
    "usage.not_one_of",
)
HOLDING = ("reason", "more")  # the values that are sentences themselves
_KIND = re.compile(r"<[a-z ]+>")
_QUOTED = re.compile(r"'([^']*)'")


class Pages(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Writes help pages whose lines are broken by cells: Chinese has few spaces, and wide characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        start = f"{say('parser.usage')}{prog} "
        self._write(start, args, cells(start))

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{say('parser.heading', name=heading)}\n")

    def write_text(self, text: str) -> None:
        self._write(" " * self.current_indent, text, self.current_indent)

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = [(_KIND.sub(lambda found: _word(found[0]), name), text) for name, text in rows]
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
    formatter_class = Pages


class ChineseCommand(core.TyperCommand):
    """A command whose help is in Chinese."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [_word(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: Any) -> Any:
        return _with_help(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        return f"{(self.help or '').partition('。')[0]}。"


class ChineseGroup(core.TyperGroup):
    """The program, whose help is in Chinese."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [_word(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: Any) -> Any:
        return _with_help(super().get_help_option(ctx))


def speak_chinese() -> None:
    """Let typer's help pages have Chinese headings."""
    vars(core)["_"] = _word  # where typer takes gettext's


def complain(error: Any) -> None:
    """Print what typer found wrong, as it does, in Chinese."""
    context, sentence = getattr(error, "ctx", None), error.format_message()
    if context is not None and sentence == context.get_help():  # which is what the program alone gives
        print(sentence, file=sys.stderr)
        return
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
        print(say("parser.try_help", command=f"{context.command_path} --help"), end="\n\n", file=sys.stderr)
    print(say("parser.error", reason=printable(in_chinese(sentence))), file=sys.stderr)


def in_chinese(sentence: str) -> str:
    """One of typer's sentences; one that is not known stays as it is."""
    for code in SENTENCES:
        if found := _pattern(code).fullmatch(sentence):
            values = found.groupdict()
            return say(
                code,
                **{
                    name: in_chinese(one) if name in HOLDING else _quoted(one) for name, one in values.items()
                },
            )
    return sentence


def _word(english: str) -> str:
    return say(WORDS[english]) if english in WORDS else english


def _with_help(option: Any) -> Any:
    if option is not None:
        option.help = say("parser.help")
    return option


def _quoted(names: str) -> str:
    """Names between Chinese quotes instead of 'these'."""
    return _QUOTED.sub("“\\1”", names).replace("”, “", "”、“")


@cache
def _pattern(code: str) -> re.Pattern[str]:
    parts = Formatter().parse(str(codes("en")[code]))
    return re.compile(
        "".join(re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, _, _ in parts),
        re.DOTALL,
    )
