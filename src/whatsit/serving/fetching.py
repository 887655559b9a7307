"""Pictures from addresses that visitors give: public ones alone, few at a time."""

import ssl
from collections import Counter

from yarl import URL

from whatsit import fetch
from whatsit.errors import FetchError
from whatsit.i18n import Message
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError, full, too_large
from whatsit.version import __version__

PORTS = (80, 443)
AGENT = f"whatsit/{__version__} (classifies a picture for a visitor)"


class Fetcher:
    """Fetches pictures for clients, within limits; with `allow_private` from the operator's network too."""

    def __init__(
        self, limits: Limits, allow_private: bool = False, verify: ssl.SSLContext | bool = True
    ) -> None:
        self._limits = limits
        self._allow_private = allow_private
        self._verify = verify
        self._all = 0
        self._each: Counter[str] = Counter()
        self._transfer = fetch.Limits(
            connect=limits.fetch_seconds / 2,
            read=limits.fetch_seconds / 2,
            whole=limits.fetch_seconds,
            size=limits.body,
        )

    async def picture(self, url: str, client: str) -> bytes:
        """What lies at an address. Raises ProblemError, with one sentence for all that is not to be had."""
        limits = self._limits
        if self._each[client] >= limits.fetches_each:
            raise ProblemError(429, Message("serve.many_addresses"), retry_after=2)
        if self._all >= limits.fetches:
            raise full(retry_after=2)
        self._all += 1
        self._each[client] += 1
        try:
            return await self._fetched(_checked(url))
        except FetchError as error:
            if error.message.code == "fetch.too_large":
                raise too_large(limits) from error
            raise ProblemError(400, Message("serve.not_fetched")) from error
        finally:
            self._all -= 1
            self._each -= Counter([client])

    async def _fetched(self, url: URL) -> bytes:
        ports = None if self._allow_private else PORTS
        guard = fetch.Guard(self._allow_private, ports)
        async with (
            fetch.client(self._transfer, guard, self._verify, agent=AGENT) as session,
            fetch.answer(session, url, self._transfer) as response,
        ):
            return await fetch.read(response, self._transfer.size)


def _checked(url: str) -> URL:
    parsed = fetch.parse(url)
    if parsed.user is not None or parsed.password is not None:
        raise FetchError(Message("fetch.no_address"))
    return parsed
