"""What a site's owner does not want: robots.txt (RFC 9309), and headers that forbid training on it."""

import asyncio
from collections.abc import Mapping

import aiohttp
from protego import Protego
from yarl import URL

from whatsit.errors import FetchError
from whatsit.fetch import Limits, answer, read
from whatsit.i18n import Message

NAME = "whatsit"
LIMITS = Limits(connect=5, read=5, whole=10, size=512 << 10)
# X-Robots-Tag as img2dataset reads it; TDM-Reservation is W3C's reservation against text and data mining.
OPT_OUTS = ("noai", "noimageai", "noindex", "noimageindex")
WITH_VALUE = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


class Robots:
    """The robots.txt of every host, each asked once."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._rules: dict[URL, asyncio.Task[Protego | None]] = {}

    async def refuse_forbidden(self, url: URL) -> None:
        """Raise FetchError where the host's robots.txt forbids an address; one that is not there does not.

        A host that fails to give it (5xx, no answer) forbids everything until it does.
        """
        origin = url.origin()
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._fetch(origin))
        rules = await self._rules[origin]
        if rules is not None and not rules.can_fetch(str(url), NAME):
            raise FetchError(Message("downloading.robots"))

    async def _fetch(self, origin: URL) -> Protego | None:
        try:
            async with answer(self._session, origin / "robots.txt", LIMITS) as response:
                body = await read(response, LIMITS.size)
            return Protego.parse(body.decode("utf-8", "replace"))
        except FetchError as error:
            if error.passing:
                raise FetchError(Message("downloading.no_robots", reason=error)) from error
            return None
        except ValueError:  # what can't be understood forbids nothing
            return None


def refuse_opt_out(headers: Mapping[str, str]) -> None:
    """Raise FetchError where the answer's headers forbid training on the picture."""
    for name, value in headers.items():
        if name.lower() == "tdm-reservation" and value.strip() == "1":
            raise FetchError(Message("downloading.opt_out", header="TDM-Reservation: 1"))
        if name.lower() == "x-robots-tag" and _opts_out(value.lower()):
            tag = f"X-Robots-Tag: {value.strip()}"
            raise FetchError(Message("downloading.opt_out", header=tag))


def _opts_out(tag: str) -> bool:
    """Whether a tag, "noai, max-snippet: 5" or "somebot: noai", says no to everybody or to Whatsit."""
    agent = ""
    for part in tag.split(","):
        name, colon, rest = (word.strip() for word in part.partition(":"))
        if colon and name not in WITH_VALUE:
            agent, name = name, rest
        if agent in ("", "*", NAME) and name in OPT_OUTS:
            return True
    return False
