"""`whatsit collect`: from a few words to a clean folder of pictures."""

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from whatsit.cli.options import Json, ProjectDir, command_line, named, print_json, print_table
from whatsit.errors import CollectError
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.collection import Collection

COUNTS = ("found", "downloaded", "duplicates", "broken", "kept")


def collect(
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS...", help="What to search for, a class each; NAME=WORDS names it."),
    ] = None,
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="The image folder to fill, made if need be.")
    ] = Path("pictures"),
    most: Annotated[
        int | None,
        typer.Option("--max", min=1, help="Pictures for each class: 200, or all that --urls lists."),
    ] = None,
    source: Annotated[
        Literal["auto", "openverse", "commons", "duckduckgo", "bing"],
        typer.Option(help="Where to search; auto asks one after the other."),
    ] = "auto",
    license: Annotated[
        Literal["any", "public", "modify", "commercial"],
        typer.Option(help="Only what may be used so: public domain, changed, or in commerce."),
    ] = "any",
    urls: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Lists of addresses (.txt, .csv), or a folder of them."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The class of what --urls lists, if not in the file's name.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed before.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from your own network too.")
    ] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Search, download, verify and de-duplicate pictures, or go on where that was stopped."""
    from whatsit import collection

    gc.freeze()  # what was imported stays: looking through it again and again takes a tenth of the time,
    gc.set_threshold(20_000)  # and so does looking through the rest every few pictures
    if urls:
        if source != "auto" or license != "any":
            raise CollectError("--source and --license are for searching.", "Leave them out with --urls.")
        # The shell makes several words of urls_*.txt, of which only the first is the option's.
        lists = collection.label_lists([*urls, *map(Path, classes or ())], label)
        done = collection.collect_lists(lists, into, most, retry, allow_private, project)
    elif label:
        raise CollectError("--label is for lists of addresses (--urls).", "Write NAME=WORDS to search.")
    else:
        done = collection.collect(
            *(classes or ()),
            into=into,
            max_pics=most or collection.MAX_PICS,
            source=source,
            license=license,
            retry=retry,
            allow_private=allow_private,
            project=project,
        )
    if json:
        print_json(done.to_dict())
    else:
        _print(done, named(into, project))
    if not any(tally.kept for tally in done.classes.values()):
        raise CollectError(
            "No picture could be kept.", f"{printable(done.manifest)} tells why; --retry tries again."
        )


def _print(done: "Collection", into: list[object]) -> None:
    for note in done.notes:
        print(printable(note))
    rows = [
        [printable(label), *(str(getattr(tally, name)) for name in COUNTS)]
        for label, tally in done.classes.items()
    ]
    print_table(["class", *COUNTS], rows)
    reasons: Counter[str] = Counter()
    for tally in done.classes.values():
        reasons.update(tally.reasons)
    if reasons:
        print("not kept:")
    for reason, count in reasons.most_common(5):
        print(f"  {count:4}  {printable(reason)}")
    if len(reasons) > 5:
        print(f"  {sum(count for _, count in reasons.most_common()[5:]):4}  for other reasons")
    waiting = sum(tally.waiting for tally in done.classes.values())
    if waiting:
        print(f"{waiting} still to be fetched: run the same command again later")
    print(f"where each comes from: {printable(done.manifest)}")
    if any(tally.kept for tally in done.classes.values()):
        print(f"next: {command_line('show', *into)}, then {command_line('train', *into)}")
