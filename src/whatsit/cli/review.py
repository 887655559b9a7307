"""`whatsit review`: decide about suspects."""

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import Folder, Json, NoBrowser, Port, ProjectDir, RootPath
from whatsit.cli.printing import named, print_json
from whatsit.cli.review_page import open_page
from whatsit.commands import command_line
from whatsit.config import Choice, Split
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, say
from whatsit.text import printable

MOST_FILES = 5  # that are named
COUNTED: dict[Choice, str] = {
    "remove": "cli_review.removed",
    "relabel": "cli_review.relabeled",
    "keep": "cli_review.kept",
    "unsure": "cli_review.unsure",
}


def review(
    folder: Folder,
    apply: Annotated[
        Path | None, typer.Option("--apply", metavar=say("metavar.file"), help=say("help.apply_decisions"))
    ] = None,
    split: Annotated[Split | None, typer.Option(help=say("review_start.split"))] = None,
    port: Port = 0,
    root_path: RootPath = "",
    no_browser: NoBrowser = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Decide about suspects."""
    if apply is not None:
        apply_decisions(folder, apply, project, json)
    elif json:
        raise WhatsitError(Message("review_start.json"))
    else:
        open_page(folder, project, split, port, root_path, not no_browser)


def apply_decisions(folder: Path, table: Path, project: Path | None, json: bool) -> None:
    """Carry out the decisions of a table, and print what became of them."""
    from whatsit.catalog import Catalog
    from whatsit.review import Decisions
    from whatsit.review.applying import apply_table
    from whatsit.review.measured import cleaned_test

    catalog = Catalog.read(folder, project=project, lasting=True, to_train=False, recursive=True)
    outcome, again = apply_table(Decisions(catalog), table)
    if outcome.passed_over and not outcome.made and not again:
        raise WhatsitError(Message("cli_review.nothing_done", reason=outcome.passed_over[0][1]))
    counts = Counter(one.choice for one in outcome.made)
    test = cleaned_test(catalog, outcome)
    if json:
        passed_over = [{"path": str(path), "reason": why.to_dict()} for path, why in outcome.passed_over]
        document: dict[str, object] = {
            **{choice: counts[choice] for choice in COUNTED},
            "before": again,
            "passed_over": passed_over,
            "table": str(outcome.table) if outcome.table else None,
            "test": test and test.to_dict(),
        }
        print_json(document)
        return
    parts = [Message(code, count=counts[choice]) for choice, code in COUNTED.items() if counts[choice]]
    if parts:
        print(say("cli_review.decided", parts=parts))
    if again:
        print(say("cli_review.before", count=again))
    for _, why in outcome.passed_over[:MOST_FILES]:
        print(say("cli_review.passed_over", reason=printable(why)))
    if len(outcome.passed_over) > MOST_FILES:
        print(say("cli_review.more_passed_over", count=len(outcome.passed_over) - MOST_FILES))
    if test:
        print(say("cleaned.test", cleaned=test.message))
    if outcome.table:
        written = os.path.relpath(outcome.table)
        print(say("cli_review.table", path=printable(written), command=command_line("train", written)))
    if outcome.made:
        print(say("cli_review.undo", command=command_line("undo", *named(catalog.root, project))))
