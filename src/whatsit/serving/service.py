"""One bundle behind HTTP: what each address answers."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from whatsit.classifier import Classifier
from whatsit.i18n import Message
from whatsit.parallel import threads
from whatsit.serving.answers import answer
from whatsit.serving.bodies import HOLD, Bodies
from whatsit.serving.fetching import Fetcher
from whatsit.serving.inbox import Inbox
from whatsit.serving.limits import Limits
from whatsit.serving.metrics import Metrics
from whatsit.serving.pool import FullError, GoneError, LateError, Pool
from whatsit.serving.problems import ProblemError, full, late

T = TypeVar("T")


@dataclass
class Shared:
    """What all bundles of a server share."""

    limits: Limits = field(default_factory=Limits)
    fetcher: Fetcher | None = None
    pool: Pool = field(init=False)
    bodies: Bodies = field(init=False)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.pool = Pool(threads(), self.limits.waiting, self.limits.spare)
        self.bodies = Bodies(self.limits)
        self.metrics = Metrics(self.pool)


@dataclass(frozen=True)
class Service:
    """The API of one bundle."""

    name: str
    classifier: Classifier
    shared: Shared
    inbox: Inbox | None = None

    async def classify(self, request: Request) -> Response:
        """POST /classify: the picture in the body, or one or more in a form."""
        explain = request.query_params.get("explain") in ("1", "true")
        async with self.shared.bodies.read(request) as body:
            if not body.pictures:
                raise ProblemError(400, Message("serve.no_picture"))
            if len(body.pictures) == 1:
                return JSONResponse(await self.answered(request, body.pictures[0], explain))
            return JSONResponse({"results": await self._each(request, body.pictures, explain)})

    async def classify_url(self, request: Request) -> Response:
        """GET /classify-url?url=: the picture at a public address."""
        with self.shared.bodies.holding(request):
            picture = await self.fetched(request)
            return JSONResponse(await self.answered(request, picture, explain=False))

    async def fetched(self, request: Request, url: str | None = None) -> bytes:
        """The picture at an address, by default the query's. Raises ProblemError."""
        if self.shared.fetcher is None:
            raise ProblemError(404, Message("serve.no_addresses"))
        url = url or request.query_params.get("url", "")
        if not url:
            raise ProblemError(400, Message("serve.no_address"))
        fetching = asyncio.create_task(self.shared.fetcher.picture(url, client_of(request)))
        leaving = asyncio.create_task(_left(request))
        try:
            await asyncio.wait({fetching, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not fetching.done():
                raise GoneError
            picture = await fetching
        finally:
            fetching.cancel()
            leaving.cancel()
        request.scope[HOLD].add(len(picture))
        return picture

    async def answered(self, request: Request, picture: bytes, explain: bool) -> dict[str, Any]:
        """The answer for one picture. Raises ProblemError."""
        limits = self.shared.limits
        found = await self.in_pool(request, lambda: answer(self.classifier, picture, limits, explain))
        return self._counted(found)

    async def _each(self, request: Request, pictures: list[bytes], explain: bool) -> list[dict[str, Any]]:
        """The answers for several pictures, with an error in the place of each that has none.

        One after another, each in its turn: others wait for one picture of this request, not for all.
        """
        found: list[dict[str, Any]] = []
        end = time.monotonic() + self.shared.limits.deadline
        for picture in pictures:

            def work(picture: bytes = picture) -> dict[str, Any] | ProblemError:
                try:
                    return answer(self.classifier, picture, self.shared.limits, explain)
                except ProblemError as problem:
                    return problem

            one = await self.in_pool(request, work, max(0.0, end - time.monotonic()), goes_on=bool(found))
            found.append({"error": one.details} if isinstance(one, ProblemError) else self._counted(one))
        return found

    async def correct(self, request: Request) -> Response:
        """POST /inbox: a picture and the class that it really shows, for a later review."""
        if self.inbox is None:
            raise ProblemError(404, Message("serve.no_inbox"))
        inbox = self.inbox
        async with self.shared.bodies.read(request) as body:
            if len(body.pictures) != 1:
                raise ProblemError(400, Message("serve.no_picture"))
            label, picture = body.fields.get("label", ""), body.pictures[0]
            inbox.require_turn(label, client_of(request))
            await self.in_pool(request, lambda: inbox.keep(picture, label))
        return Response(status_code=204)

    async def info(self, request: Request) -> Response:
        """GET /info: what this bundle knows."""
        bundle = self.classifier.bundle
        record = {
            "name": self.name,
            "classes": self.classifier.classes,
            "backbone": self.classifier.model.backbone.name,
            "precision": self.classifier.precision,
            "size": self.classifier.model.preprocess.size,
            "has_heat_maps": self.classifier.has_heat_maps,
            "has_novelty": self.classifier.model.novelty is not None,
            "metrics": bundle.metrics,
            "versions": bundle.versions,
            "sha256": bundle.sha256,
            "card": bundle.card.to_dict(),
        }
        return JSONResponse(record)

    async def in_pool(
        self,
        request: Request,
        work: Callable[[], T],
        seconds: float | None = None,
        goes_on: bool = False,
    ) -> T:
        """Do something with a picture beside the event loop. Raises ProblemError, or GoneError."""
        seconds, hold = self.shared.limits.deadline if seconds is None else seconds, request.scope[HOLD]
        try:
            return await self.shared.pool.run(work, seconds, _left(request), hold, goes_on)
        except FullError:
            raise full() from None
        except LateError:
            raise late() from None

    def _counted(self, found: dict[str, Any]) -> dict[str, Any]:
        self.shared.metrics.predictions.labels(self.name, found["label"], found["verdict"]).inc()
        return found


def client_of(request: Request) -> str:
    """Who asks: an IPv4 address, or an IPv6 network of 64 bits, all of which one client usually has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host  # of a Unix socket, or a test's client
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


def bundle_name(path: Path) -> str:
    """The name of a bundle in addresses and pages."""
    return path.name.removesuffix(".whatsit")


async def _left(request: Request) -> None:
    """Ends when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
