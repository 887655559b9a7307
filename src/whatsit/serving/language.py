"""The language of an answer: what the browser prefers, or what the visitor chose."""

from typing import get_args

from starlette.requests import HTTPConnection

from whatsit.config import Language


def language_for(request: HTTPConnection) -> Language:
    """The language of an answer: the visitor's choice, ?lang=, or what the browser prefers."""
    chosen = request.query_params.get("lang")
    own: list[Language] = [one for one in get_args(Language) if one == chosen]
    return own[0] if own else preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """Of the languages that Whatsit speaks the one with the highest weight (RFC 9110, 12.5.4)."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language[:1000].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted = float(weight or 1)
        except ValueError:
            continue
        lang: Language = "zh" if tag.lower().startswith("zh") else "en"
        if wanted > best[0] and tag.lower()[:2] in ("zh", "en"):
            best = (wanted, lang)
    return best[1]
