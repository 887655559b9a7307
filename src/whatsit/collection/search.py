"""Asking the providers in turn, so that none of them is the only way."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import get_args

import aiohttp

from whatsit.checks import described, is_count
from whatsit.collection.commons import Commons
from whatsit.collection.engines import NEEDS, SearchEngine, has_engines
from whatsit.collection.openverse import Openverse
from whatsit.collection.provider import LICENSES, Finds, Provider
from whatsit.config import License, Source
from whatsit.errors import CollectError, WhatsitError
from whatsit.fetch import Limits, client, run

SOURCES: tuple[str, ...] = get_args(Source)


@dataclass
class Search:
    """What was found, without repeats; who answered, with how many, and why the others did not."""

    found: Finds = field(default_factory=Finds)
    answered: dict[str, int] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)


def providers(source: str = "auto") -> list[Provider]:
    """The providers of a source. Raises CollectError where there is none of that name."""
    if source == "openverse":
        return [Openverse()]
    if source == "commons":
        return [Commons()]
    if source == "duckduckgo" or source == "bing":
        return [SearchEngine("bing" if source == "bing" else "duckduckgo")]
    if source == "auto":
        return [Openverse(), Commons(), SearchEngine("duckduckgo"), SearchEngine("bing")]
    raise CollectError(f"There is no source {source!r}.", f"Choose one of {', '.join(SOURCES)}.")


def search_images(
    words: str,
    max_pics: int = 200,
    source: str = "auto",
    license: License = "any",
    allow_private: bool = False,
) -> Finds:
    """Addresses of at most `max_pics` pictures for some words, with license, author and page where known.

    Raises CollectError where no provider answers.
    """
    return run(_search_once(words, max_pics, providers(source), license, allow_private)).found


async def _search_once(
    words: str, most: int, sources: Sequence[Provider], license: License, allow_private: bool
) -> Search:
    async with client(Limits(), allow_private) as session:
        return await search(session, words, most, sources, license)


async def search(
    session: aiohttp.ClientSession,
    words: str,
    most: int,
    sources: Sequence[Provider],
    license: License = "any",
) -> Search:
    """Ask one provider after the other until there are `most`. Raises CollectError where none answers."""
    if license != "any" and license not in LICENSES:
        raise CollectError(f"There is no license {license!r}.", f"Choose any, {', '.join(LICENSES)}.")
    if not isinstance(words, str) or not words.strip():
        raise CollectError(f"There is nothing to search for in {described(words)}.", "Give some words.")
    if not is_count(most, 1):
        raise CollectError(f"max_pics must be at least 1, not {described(most)}.", "Ask for one or more.")
    done = Search()
    found_urls: set[str] = set()
    for provider in sources:
        if len(done.found) >= most:
            break
        if isinstance(provider, SearchEngine) and len(sources) > 1 and not has_engines():
            done.silent[provider.name] = NEEDS
            continue
        before = len(done.found)
        try:
            async with aclosing(provider.search(session, words, license)) as results:
                async for one in results:
                    if one.url not in found_urls:
                        found_urls.add(one.url)
                        done.found.append(one)
                    if len(done.found) >= most:
                        break
        except WhatsitError as error:
            reason = str(error).rstrip(".")
            done.silent[provider.name] = reason.removeprefix(f"{provider.name} ")
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            done.silent[provider.name] = "it answers in another shape than it documents"
        if len(done.found) > before or provider.name not in done.silent:
            done.answered[provider.name] = len(done.found) - before
    if not done.answered:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in done.silent.items())
        raise CollectError(
            f"No source answers for {words!r} ({reasons}).",
            "Try again later, or take the addresses from your browser: whatsit snippet.",
        )
    return done
