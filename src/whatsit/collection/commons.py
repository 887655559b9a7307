"""Wikimedia Commons, through MediaWiki's action API (mediawiki.org/wiki/API:Imageinfo)."""

import html
import os
import re
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from whatsit.collection.provider import LICENSES, Found, ask
from whatsit.config import License
from whatsit.errors import CollectError
from whatsit.i18n import Message

ADDRESS = "https://commons.wikimedia.org"
DEEPEST = 20  # pages
PAGE = 50  # results: the most that it gives at once
WIDTH = "960"  # pixels: one of the sizes that Commons keeps thumbnails of


class Commons:
    """Search Wikimedia Commons, or (`address`, WHATSIT_COMMONS_URL) another wiki."""

    name = "commons"

    def __init__(self, address: str = "") -> None:
        self.address = (address or os.environ.get("WHATSIT_COMMONS_URL") or ADDRESS).rstrip("/")

    async def search(
        self, client: aiohttp.ClientSession, words: str, license: License = "any"
    ) -> AsyncGenerator[Found, None]:
        """Photos as thumbnails of 960 pixels, whose addresses are taken from the answer, never built."""
        params = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": f"filetype:bitmap {words}",
            "gsrnamespace": "6",
            "gsrlimit": str(PAGE),
            "prop": "imageinfo",
            "iiprop": "url|extmetadata|mime",
            "iiurlwidth": WIDTH,
            "iiextmetadatafilter": "License|LicenseShortName|Artist|ObjectName",
        }
        going_on: dict[str, str] = {}
        for _ in range(DEEPEST):
            document, _ = await ask(client, "Commons", f"{self.address}/w/api.php", {**params, **going_on})
            if "error" in document:
                raise CollectError(Message("searching.refused", reason=_text(document["error"], "info")))
            query = document.get("query") or {}  # missing where nothing was found
            pages = query.get("pages", []) if isinstance(query, dict) else None
            if not isinstance(pages, list):
                raise CollectError(Message("searching.other_shape"))
            for page in sorted((page for page in pages if isinstance(page, dict)), key=_rank):
                found = _found(page, license)
                if found:
                    yield found
            more = document.get("continue")
            if not isinstance(more, dict) or not pages:
                return
            before, going_on = going_on, {str(name): str(value) for name, value in more.items()}
            if going_on == before:
                return


def _rank(page: dict[str, Any]) -> int:
    """Where the search put it: the answer itself is sorted by page number."""
    rank = page.get("index")
    return rank if isinstance(rank, int) else 0


def _found(page: dict[str, Any], license: License) -> Found | None:
    infos = page.get("imageinfo")
    info = infos[0] if isinstance(infos, list) and infos and isinstance(infos[0], dict) else {}
    url = info.get("thumburl") or info.get("url")
    if not isinstance(url, str):
        return None
    metadata = info.get("extmetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if license != "any" and _code(_text(metadata.get("License"), "value")) not in LICENSES[license]:
        return None
    return Found(
        url,
        license=_text(metadata.get("LicenseShortName"), "value"),
        author=_text(metadata.get("Artist"), "value"),
        page=str(info.get("descriptionurl") or ""),
        title=_text(metadata.get("ObjectName"), "value")
        or str(page.get("title") or "").removeprefix("File:"),
        provider="commons",
        invited=True,
    )


def _text(field: Any, name: str) -> str:
    """A value without the HTML it is wrapped in."""
    value = field.get(name) if isinstance(field, dict) else None
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", str(value or ""))).split())


def _code(license: str) -> str:
    """cc-by-sa-4.0 -> by-sa, pd-old -> pd."""
    code = license.lower().removeprefix("cc-")
    return "pd" if code.startswith("pd") and code != "pdm" else re.sub(r"-\d.*$", "", code)
