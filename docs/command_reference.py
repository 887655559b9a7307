"""The directive `{command-reference}`: all commands and their options, as the program itself describes them.

Help has the language of its process, so the program describes itself in another one, in the site's language.
"""

import json
import os
import re
import subprocess
import sys
from typing import TypedDict

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Described(TypedDict):
    """A command as its `--help` shows it."""

    name: str
    about: str
    usage: str
    options: list[tuple[str, str]]  # how it is written, and what it means


def commands() -> list[Described]:
    """Every command, in the language of this process."""
    import click
    from typer.main import get_command

    from whatsit.cli.app import app
    from whatsit.cli.pages import readable

    found = []
    program = click.Context(get_command(app), info_name="whatsit")
    for name, command in program.command.commands.items():  # type: ignore[attr-defined]
        context = click.Context(command, program, name)
        records = filter(None, (one.get_help_record(context) for one in command.get_params(context)))
        usage = command.get_usage(context).split(maxsplit=1)[1]
        options = [readable(*record) for record in records]
        found.append(Described(name=name, about=command.help, usage=usage, options=options))
    return found


class CommandReference(SphinxDirective):
    """One section for each command."""

    def run(self) -> list[nodes.Node]:
        language = "zh" if self.config.language.startswith("zh") else "en"
        asked = subprocess.run(
            [sys.executable, __file__],
            env={**os.environ, "WHATSIT_LANG": language},
            capture_output=True,
            text=True,
            check=True,
        )
        return [_section(one) for one in json.loads(asked.stdout)]


def _section(command: Described) -> nodes.section:
    title = f"whatsit {command['name']}"
    section = nodes.section("", nodes.title("", title), ids=[nodes.make_id(title)], names=[title])
    section += nodes.paragraph("", "", *_inline(command["about"]))
    # Looks like a literal block; but all of those are to be translated, whatever they say themselves.
    section += nodes.doctest_block(command["usage"], command["usage"], language="none")
    section += nodes.definition_list("", *[_option(*record) for record in command["options"]])
    for node in section.findall(nodes.Element):
        node["translatable"] = False  # it is in the site's language already
    return section


def _option(written: str, meaning: str) -> nodes.definition_list_item:
    return nodes.definition_list_item(
        "",
        nodes.term("", "", nodes.literal("", written)),
        nodes.definition("", nodes.paragraph("", "", *_inline(meaning))),
    )


def _inline(text: str) -> list[nodes.Node]:
    """Words; what is between backticks, and options, as code: `--urls` would get a dash."""
    parts = re.split(r"`([^`]+)`|(--[a-z-]+)", text)
    found: list[nodes.Node] = []
    for place in range(0, len(parts), 3):
        words, *code = parts[place : place + 3]
        found += [nodes.Text(words), *(nodes.literal("", name) for name in code if name)]
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print(json.dumps(commands()))
