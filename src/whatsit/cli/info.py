"""`whatsit info`: the model card of a bundle."""

import shutil
from typing import TYPE_CHECKING

from whatsit.cli.options import BundleFile, Json
from whatsit.cli.printing import print_json, print_table
from whatsit.text import printable
from whatsit.wide import wrapped

if TYPE_CHECKING:
    from whatsit.card.sections import Section

WIDEST = 100  # cells of a paragraph


def info(bundle: BundleFile, json: Json = False) -> None:
    """Print the model card."""
    from whatsit.bundle import Bundle

    card = Bundle.read(bundle).card
    if json:
        print_json(card.to_dict())
        return
    print(printable(bundle))
    for section in card.sections():
        _print(section)


def _print(section: "Section") -> None:
    from whatsit.card.sections import Table

    width = min(shutil.get_terminal_size().columns, WIDEST)
    print(f"\n{section.title}")
    for part in section.parts:
        if isinstance(part, Table):
            print()
            print_table(list(part.header), [list(row) for row in part.rows])
        else:
            print("\n".join(wrapped(part, width)))
    for item in section.items:
        first, *more = wrapped(item, width - 2)
        print("\n".join([f"- {first}", *(f"  {line}" for line in more)]))
