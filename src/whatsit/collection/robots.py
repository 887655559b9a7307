"""What a site's owner does not want: robots.txt (RFC 9309), and headers that forbid learning from it."""

import asyncio
from collections.abc import Mapping
from urllib.robotparser import RobotFileParser

import aiohttp
from yarl import URL

from whatsit.errors import FetchError
from whatsit.fetch import Limits, answer, read

NAME = "whatsit"
LIMITS = Limits(connect=5, read=5, whole=10, size=512 << 10)
# X-Robots-Tag as img2dataset reads it; TDM-Reservation is W3C's reservation against text and data mining.
OPT_OUTS = ("noai", "noimageai", "noindex", "noimageindex")


class Robots:
    """The robots.txt of every host, each asked once."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._rules: dict[URL, asyncio.Task[RobotFileParser | None]] = {}

    async def allow(self, url: URL) -> bool:
        """Whether the host's robots.txt lets us fetch an address; one that is not there forbids nothing.

        Raises FetchError where the host fails to give it, which forbids everything until it does.
        """
        origin = url.origin()
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._ask(origin))
        rules = await self._rules[origin]
        return rules is None or rules.can_fetch(NAME, str(url))

    async def _ask(self, origin: URL) -> RobotFileParser | None:
        try:
            async with answer(self._session, str(origin / "robots.txt"), LIMITS) as response:
                body = await read(response, LIMITS.size)
        except FetchError as error:
            if error.passing:
                raise FetchError(f"the robots.txt of its site can't be had: {error.what}") from error
            return None
        rules = RobotFileParser()
        rules.parse(body.decode("utf-8", "replace").splitlines())
        return rules


def refuse_opt_out(headers: Mapping[str, str]) -> None:
    """Raise FetchError where the answer's headers forbid learning from the picture."""
    for name, value in headers.items():
        said = value.lower()
        if name.lower() == "tdm-reservation" and said.strip() == "1":
            raise FetchError("its owner does not want it to be learnt from (TDM-Reservation: 1)")
        if name.lower() == "x-robots-tag":
            agent, _, rest = said.rpartition(":")
            if agent.strip() in ("", NAME) and any(word.strip() in OPT_OUTS for word in rest.split(",")):
                tag = f"X-Robots-Tag: {value.strip()}"
                raise FetchError(f"its owner does not want it to be learnt from ({tag})")
