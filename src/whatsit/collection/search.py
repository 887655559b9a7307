"""Ask the providers in turn, so that none of them is the only way."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import get_args

import aiohttp

from whatsit.checks import described, is_count
from whatsit.collection.commons import Commons
from whatsit.collection.engines import SearchEngine, has_engines, no_library
from whatsit.collection.openverse import Openverse
from whatsit.collection.provider import LICENSES, Finds, Provider
from whatsit.config import License, Source
from whatsit.errors import CollectError, WhatsitError
from whatsit.fetch import Guard, Limits, client, run
from whatsit.i18n import Message

UNREACHED = {"fetch.no_server", "searching.no_answer", "searching.no_library"}
SOURCES: tuple[str, ...] = get_args(Source)


@dataclass
class Search:
    """What was found, without repeats; who answered, with how many, and why the others did not."""

    found: Finds = field(default_factory=Finds)
    answered: dict[str, int] = field(default_factory=dict)
    silent: dict[str, Message] = field(default_factory=dict)

    @property
    def is_offline(self) -> bool:
        """Whether it is the network that is missing: no server is found, and nobody answers at all."""
        reasons = {reason.code for reason in self.silent.values()}
        return not self.answered and "fetch.no_server" in reasons and reasons <= UNREACHED


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
    raise CollectError(Message("searching.no_source", source=source, sources=SOURCES))


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
    async with client(Limits(), Guard.of_user(allow_private)) as session:
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
        raise CollectError(Message("searching.no_license", license=license, licenses=list(LICENSES)))
    if not isinstance(words, str) or not words.strip():
        raise CollectError(Message("searching.no_words", given=described(words)))
    if not is_count(most, 1):
        raise CollectError(Message("searching.bad_max_pics", given=described(most)))
    done = Search()
    found_urls: set[str] = set()
    for provider in sources:
        if len(done.found) >= most:
            break
        if isinstance(provider, SearchEngine) and len(sources) > 1 and not has_engines():
            done.silent[provider.name] = no_library()
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
            done.silent[provider.name] = error.message
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            done.silent[provider.name] = Message("searching.other_shape")
        if len(done.found) > before or provider.name not in done.silent:
            done.answered[provider.name] = len(done.found) - before
    if done.is_offline:
        raise CollectError(Message("searching.no_network", sources=list(done.silent)))
    if not done.answered:
        raise CollectError(Message("searching.no_source_answers", words=words, reasons=_reasons(done)))
    return done


def in_words(done: Search) -> list[Message]:
    """How many each source found, and why others found none."""
    found = [Message("searching.found", source=name, count=count) for name, count in done.answered.items()]
    return [*found, *_reasons(done)]


def _reasons(done: Search) -> list[Message]:
    return [Message("searching.silent", source=name, reason=why) for name, why in done.silent.items()]
