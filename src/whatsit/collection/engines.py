"""DuckDuckGo and Bing, through the library ddgs: unofficial, so they may fail at any time."""

import asyncio
from collections.abc import AsyncGenerator
from importlib.util import find_spec
from typing import Any, Literal

import aiohttp

from whatsit.collection.provider import Found
from whatsit.commands import installing
from whatsit.config import License
from whatsit.errors import CollectError
from whatsit.i18n import Message

_LICENSES = {"public": "Public", "modify": "ModifyCommercially", "commercial": "ShareCommercially"}


def has_engines() -> bool:
    """Whether ddgs is installed."""
    return find_spec("ddgs") is not None


def no_library() -> Message:
    """What to do where it is not."""
    return Message("searching.no_library", command=installing("search"))


class SearchEngine:
    """Search DuckDuckGo or Bing. `options` go to ddgs.DDGS (proxy, timeout, verify)."""

    def __init__(self, name: Literal["duckduckgo", "bing"], **options: Any) -> None:
        self.name: str = name
        self._options = {"timeout": 15, **options}

    async def search(
        self, client: aiohttp.ClientSession, words: str, license: License = "any"
    ) -> AsyncGenerator[Found, None]:
        """Page after page until one brings nothing new. Raises CollectError where it does not answer."""
        if not has_engines():
            raise CollectError(no_library())
        if license != "any" and self.name == "bing":
            raise CollectError(Message("searching.no_licenses"))
        found: set[str] = set()
        page = 1
        while True:
            try:
                results = await asyncio.to_thread(self._page, words, license, page)
            except CollectError:
                if found:  # ddgs has one error for no answer and for no further page
                    return
                raise
            urls = (str(result.get("image") or "") for result in results)
            new = {url: result for url, result in zip(urls, results, strict=True) if url and url not in found}
            for url, result in new.items():
                found.add(url)
                yield Found(
                    url,
                    page=str(result.get("url") or ""),
                    title=str(result.get("title") or ""),
                    provider=self.name,
                )
            if not new:
                return
            page += 1

    def _page(self, words: str, license: License, page: int) -> list[dict[str, Any]]:
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException

        options: dict[str, Any] = {"backend": self.name, "max_results": None, "page": page}
        if license != "any":
            options["license_image"] = _LICENSES[license]
        try:
            return list(DDGS(**self._options).images(words, **options))
        except DDGSException as error:
            reason = str(error).partition(":")[0] or type(error).__name__  # after that it gets technical
            raise CollectError(Message("searching.no_answer", reason=reason.rstrip("."))) from error
