"""The page of a review, without what carries its questions: a server's script, or a notebook's."""

from collections.abc import Sequence

from whatsit.web import render

ASSETS = ("review.css", "components.js", "album.js", "review_grid.js", "review_dialogs.js", "review.js")


def page(transport: str, inline: bool, messages: Sequence[str] = (), switch: bool = False) -> str:
    """The page in the language of this block, with the script `transport` of the kit, which fills it.

    It is one file, or with `inline=False` linked to a server's; with `switch` it leads to the other language.
    """
    scripts, codes = (*ASSETS, transport), ("review_page.", *messages)
    return render("review.html", inline=inline, assets=scripts, messages=codes, switch=switch)
