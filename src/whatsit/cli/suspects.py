"""`whatsit suspects`: which pictures should somebody look at?"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from whatsit.cli.options import Folder, Json, ProjectDir
from whatsit.cli.printing import named, print_json, print_notes, print_table
from whatsit.cli.running import listening
from whatsit.commands import command_line
from whatsit.config import Split
from whatsit.i18n import say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.review import Suspects

SHOWN = 20
COLUMNS = ("suspects.score", "suspects.reason", "suspects.suggestion", "suspects.picture", "suspects.why")
REASONS = {
    "label": "suspects.reason_label",
    "loss": "suspects.reason_loss",
    "duplicate": "suspects.reason_duplicate",
    "outlier": "suspects.reason_outlier",
    "quality": "suspects.reason_quality",
}
SUGGESTIONS = {"keep": "suspects.keep", "remove": "suspects.remove"}


def suspects(
    folder: Folder,
    split: Annotated[Split | None, typer.Option(help=say("suspects.help_split"))] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar=say("metavar.number"), help=say("suspects.help_top"))
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help=say("suspects.help_csv"))] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List the pictures that look wrong, the most suspicious first."""
    from whatsit import events, review

    with listening(None, json or csv) as emit, events.task(emit) as finish:
        catalog, extract = review.opened(folder, project)
        kept = review.Decisions(catalog).settled()
        found = review.suspects(catalog, extract, (split,) if split else review.USUAL, kept)
        records = [one.to_dict(catalog.root) for one in found[:top]]
        finish({"suspects": len(found)})
    if json:
        print_json(records)
    elif csv:
        sys.stdout.buffer.write(review.to_csv(found, catalog.root, top))
    else:
        print_notes(catalog)
        _print(catalog, found, top or SHOWN, split)
        options = [*named(folder, project), *(("--split", split) if split else ()), "--csv"]
        print(say("suspects.next", command=command_line("suspects", *options)))


def _print(catalog: "Catalog", found: "Suspects", top: int, split: Split | None) -> None:
    """The first ones as a table, how many labels are wrong, and what was not looked at."""
    print(say("suspects.found" if found else "suspects.none", count=len(found)))
    rows = [
        [
            f"{one.score:.2f}",
            say(REASONS[one.reason]),
            _suggestion(one.suggestion),
            printable(one.to_dict(catalog.root)["path"]),
            printable(one.detail),
        ]
        for one in found[:top]
    ]
    if rows:
        print_table([say(name) for name in COLUMNS], rows)
    if more := max(0, len(found) - top):
        print(say("suspects.more", count=more))
    for note in found.notes:
        print(printable(note))
    tests = sum(count["test"] for count in catalog.counts().values())
    if split is None and tests:
        print(say("suspects.not_test", count=tests))


def _suggestion(words: str) -> str:
    """A suggestion in the user's language."""
    from whatsit.review import parse_choice

    choice, label = parse_choice(words)
    if choice == "relabel":
        return say("suspects.relabel", label=printable(label))
    return say(SUGGESTIONS[choice])
