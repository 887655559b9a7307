"""Openverse: 800 million openly licensed pictures, through its public API (api.openverse.org/v1)."""

import os
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp

from whatsit.collection.provider import LICENSES, Found, ask
from whatsit.config import License
from whatsit.errors import CollectError
from whatsit.i18n import Message

ADDRESS = "https://api.openverse.org"
PAGE = 20  # results: the most that it gives to who is not registered
DEEPEST = 20  # pages


class Openverse:
    """Search Openverse, anonymously or with the id and secret of a free registration.

    `address` (or WHATSIT_OPENVERSE_URL) is the server's, `registration` (or WHATSIT_OPENVERSE) "id:secret".
    """

    name = "openverse"

    def __init__(self, address: str = "", registration: str = "") -> None:
        self.address = (address or os.environ.get("WHATSIT_OPENVERSE_URL") or ADDRESS).rstrip("/")
        self.registration = registration or os.environ.get("WHATSIT_OPENVERSE", "")

    async def search(
        self, client: aiohttp.ClientSession, words: str, license: License = "any"
    ) -> AsyncGenerator[Found, None]:
        """Pages of 20, at most 20 of them, and no further than its rate limits allow."""
        headers = await self._sign_in(client)
        params = {"q": words, "page_size": str(PAGE)}
        if license != "any":
            params["license"] = ",".join(code for code in LICENSES[license] if code != "pd")
        for page in range(1, DEEPEST + 1):
            url = f"{self.address}/v1/images/"
            document, answer_headers = await ask(
                client, "Openverse", url, {**params, "page": str(page)}, headers
            )
            results = document.get("results")
            if not isinstance(results, list):
                raise CollectError(Message("searching.other_shape"))
            for result in results:
                if found := _found(result):
                    yield found
            pages = document.get("page_count")
            if not results or not isinstance(pages, int) or page >= pages:
                return
            if _is_used_up(answer_headers):
                raise CollectError(Message("searching.used_up"))

    async def _sign_in(self, client: aiohttp.ClientSession) -> dict[str, str]:
        if not self.registration:
            return {}
        name, _, secret = self.registration.partition(":")
        data = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        token, _ = await ask(client, "Openverse", f"{self.address}/v1/auth_tokens/token/", data=data)
        if not isinstance(token.get("access_token"), str):
            raise CollectError(Message("searching.bad_registration"))
        return {"Authorization": f"Bearer {token['access_token']}"}


def _found(result: Any) -> Found | None:
    if not isinstance(result, dict) or not isinstance(result.get("url"), str):
        return None
    code, version = str(result.get("license") or ""), str(result.get("license_version") or "")
    names = {"cc0": "CC0", "pdm": "Public Domain Mark"}
    return Found(
        result["url"],
        license=f"{names.get(code, 'CC ' + code.upper())} {version}".strip() if code else "",
        author=str(result.get("creator") or ""),
        page=str(result.get("foreign_landing_url") or ""),
        title=str(result.get("title") or ""),
        provider="openverse",
    )


def _is_used_up(headers: Mapping[str, str]) -> bool:
    """Whether the requests of the day are used up; those of the minute come back, and 429 has when."""
    for name, value in headers.items():
        name = name.lower()
        if name.startswith("x-ratelimit-available-") and name.endswith("sustained"):
            return value.lstrip("-").isdecimal() and int(value) <= 0
    return False
