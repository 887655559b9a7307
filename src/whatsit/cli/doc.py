"""`whatsit doc`: what the names of the fast.ai lesson mean."""

from dataclasses import asdict
from typing import Annotated

import typer

from whatsit.cli.options import Json
from whatsit.cli.printing import print_json
from whatsit.i18n import say
from whatsit.wide import wrapped

WIDEST = 96  # cells of a sentence


def doc(
    name: Annotated[
        str | None, typer.Argument(metavar=say("metavar.name"), help=say("help.doc_name"))
    ] = None,
    json: Json = False,
) -> None:
    """Explain a name of the fast.ai lesson, or list all."""
    from whatsit.fastai1.documentation import find, summaries

    if name is None:
        every = list(summaries())
        if json:
            print_json({"names": [{"name": one, "about": about} for one, about in every]})
            return
        for one, about in every:
            print(one, *(f"    {line}" for line in wrapped(about, WIDEST)), sep="\n")
        return
    pages = find(name)
    if json:
        print_json({"pages": [asdict(page) for page in pages]})
    else:
        print("\n\n".join(map(str, pages)))
