"""What a search provider is: words in, addresses of pictures out, with what is known of each."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from whatsit.config import License
from whatsit.errors import CollectError, FetchError
from whatsit.events import warn
from whatsit.fetch import Limits, answer, read
from whatsit.i18n import Message
from whatsit.tables import table
from whatsit.text import brief, shortened

# Codes as Openverse and Commons have them: what may be done with the pictures, from most to least.
LICENSES: dict[License, tuple[str, ...]] = {
    "public": ("cc0", "pdm", "pd"),
    "modify": ("cc0", "pdm", "pd", "by", "by-sa"),
    "commercial": ("cc0", "pdm", "pd", "by", "by-sa", "by-nd"),
}
LONGEST_WAIT = 90.0  # seconds: what a provider may ask for before another one is tried
TRIES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A picture's address, and where they are known license, author, the page it is on, its title.

    `provider` found it; `invited` means that its host offers it to programs.
    """

    url: str
    license: str = ""
    author: str = ""
    page: str = ""
    title: str = ""
    provider: str = ""
    invited: bool = False

    def __repr__(self) -> str:
        facts = (self.license, self.author, self.title)
        return brief(self, ", ".join([shortened(self.url, 100), *filter(None, facts)]))


class Finds(list[Found]):
    """What a search found: a list that shows itself shortly."""

    def __repr__(self) -> str:
        pictures = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        first = f", the first {shortened(self[0].url, 100)}" if self else ""
        return brief(self, pictures + first)

    def _repr_html_(self) -> str:
        names = ("title", "license", "author", "provider", "url")
        rows = ([shortened(getattr(one, name), 80) for name in names] for one in self)
        return table(dict.fromkeys(names, ""), rows, f"{len(self)} pictures")


class Provider(Protocol):
    """One source of pictures."""

    name: str

    def search(
        self, client: aiohttp.ClientSession, words: str, license: License
    ) -> AsyncGenerator[Found, None]:
        """Pictures for some words, the best first, until there are no more.

        Raises CollectError or FetchError where it does not answer.
        """
        ...


async def ask(
    client: aiohttp.ClientSession,
    who: str,
    url: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """A provider's JSON answer and its headers. A short wait that it asks for is waited, and reported.

    Raises FetchError where it refuses, CollectError where its answer is not a JSON object.
    """
    limits = Limits(size=16 << 20)
    for attempt in range(1, TRIES + 1):
        try:
            async with answer(client, url, limits, params, headers, data) as response:
                body, answer_headers = await read(response, limits.size), response.headers
            break
        except FetchError as error:
            wait = error.wait or 0.5 * attempt
            if attempt == TRIES or not error.passing or wait > LONGEST_WAIT:
                raise
            if wait >= 5:
                warn(Message("searching.wait", source=who, seconds=wait))
            await asyncio.sleep(wait)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CollectError(Message("searching.no_json")) from error
    if not isinstance(document, dict):
        raise CollectError(Message("searching.other_shape"))
    return document, answer_headers
