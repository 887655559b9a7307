"""The page of `whatsit review`, from the terminal where it is started."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.cli.local_page import announce
from whatsit.cli.printing import named, print_notes
from whatsit.cli.running import event_sink
from whatsit.commands import command_line
from whatsit.config import Split
from whatsit.i18n import say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.review.session import Session
    from whatsit.serving.local import Ready


def open_page(
    folder: Path, project: Path | None, split: Split | None, port: int, root_path: str, browser: bool
) -> None:
    """Look for suspects, and show them in a browser until Ctrl-C."""
    from whatsit import events, review
    from whatsit.review.beginning import begin
    from whatsit.review.page import show

    def look() -> "Session":
        with events.task(event_sink(json=False)) as finish:
            catalog, extract = review.opened(folder, project)
            session = begin(catalog, extract, (split,) if split else review.USUAL)
            finish({"suspects": len(session.found)})
        print_notes(catalog)
        return session

    session = show(look, port, root_path, lambda session, ready: _announce(session, ready, split, browser))
    _say_end(session, folder, project)


def _say_end(session: "Session", folder: Path, project: Path | None) -> None:
    """What was decided, and what comes next."""
    from whatsit.review.measured import cleaned_test

    counts = session.answer("preview", {})["counts"]
    print(say("review_start.ended", **counts))
    if counts["remove"] or counts["relabel"]:
        done = session.done()
        if test := cleaned_test(session.catalog, done):
            print(say("cleaned.test", cleaned=test.message))
        source = folder if done.table is None else Path(os.path.relpath(done.table))
        train = command_line("train", *named(source, project))
        undo = command_line("undo", *named(folder, project))
        print(say("review_start.next", train=train, undo=undo))


def _announce(session: "Session", ready: "Ready", split: Split | None, browser: bool) -> None:
    for note in session.found.notes:
        print(printable(note))
    tests = sum(count["test"] for count in session.catalog.counts().values())
    if split is None and tests:
        print(say("suspects.not_test", count=tests))
    print(say("review_start.found", count=len(session.found)))
    announce(ready, "review_start.open", browser)
