"""The pages of a bundle: ask with a picture and read the answer, with or without JavaScript."""

import shlex
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from whatsit.i18n import Message, language
from whatsit.serving.html import page
from whatsit.serving.openapi import described
from whatsit.serving.problems import ProblemError, full
from whatsit.serving.service import Service

MOST_BARS = 5
CONFIDENT = 0.9  # the probability from which the page calls an answer confident


class Pages:
    """The pages of one bundle."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def show(self, request: Request) -> Response:
        """GET /: the page, without an answer."""
        return self._page(request)

    async def ask(self, request: Request) -> Response:
        """POST /: the page with the answer, or with ?part=answer the answer alone."""
        try:
            return self._page(request, found=await self._answer(request))
        except ProblemError as problem:
            response = self._page(request, problem=problem.message)
            response.status_code = problem.status
            response.headers.update(problem.headers)
            return response

    async def docs(self, request: Request) -> Response:
        """GET /docs: how a program uses this."""
        return page(
            "serve_docs.html",
            name=self._service.name,
            api=described(self._service),
            label=shlex.quote(f"label={self._service.classifier.classes[0]}"),
            address=str(request.url.replace(path=request.url.path.removesuffix("/docs"), query="")),
        )

    async def card(self, request: Request) -> Response:
        """GET /card: what this classifier is, how good, trained on what."""
        service = self._service
        sections = service.classifier.bundle.card.sections()
        return page("serve_card.html", name=service.name, sections=sections)

    async def _answer(self, request: Request) -> dict[str, Any]:
        service = self._service
        if service.shared.pool.is_full:
            raise full()
        async with service.shared.bodies.read(request) as body:
            url = body.fields.get("url", "").strip()
            picture = next(filter(None, body.pictures), None)
            if picture is None and url:
                picture = await service.fetched(request, url)
            if picture is None:
                raise ProblemError(400, Message("serve_page.choose_first"))
            return await service.answered(request, picture, explain=True)

    def _page(
        self, request: Request, found: dict[str, Any] | None = None, problem: Message | None = None
    ) -> Response:
        service, is_part = self._service, request.query_params.get("part") == "answer"
        known = service.classifier.model.novelty
        return page(
            "serve_answer.html" if is_part else "serve.html",
            assets=() if is_part else ("serve.css", "components.js", "serve.js"),
            messages=("serve_script.",),
            name=service.name,
            classes=service.classifier.classes,
            found=found,
            problem=problem,
            most=MOST_BARS,
            confident=CONFIDENT,
            threshold=known.threshold if known else None,
            has_inbox=service.inbox is not None,
            has_addresses=service.shared.fetcher is not None,
            here=language(),
        )


def index(services: Sequence[Service]) -> Response:
    """The page of a server of several bundles."""
    names = [(one.name, one.classifier.classes) for one in services]
    return page("serve_index.html", bundles=names)
