"""Errors of the API: problem details (RFC 9457), each in one sentence that may be public."""

from http import HTTPStatus

from starlette.responses import JSONResponse

from whatsit.i18n import Message
from whatsit.serving.limits import Limits

REFUSED = "whatsit.refused"  # in the scope of what is not a request that can be answered: the problem


class ProblemError(Exception):
    """A request that is refused: its HTTP status, and why."""

    def __init__(self, status: int, message: Message, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after

    @property
    def details(self) -> dict[str, str | int]:
        """The problem as JSON, in the language of this block; `code` is for programs."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.message.code.partition(".")[2],
            "detail": self.message.text(),
        }

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer. What is refused for want of room also closes its connection."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status in (408, 413, 503):
            headers["Connection"] = "close"
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

    def response(self) -> JSONResponse:
        """The whole answer."""
        return JSONResponse(self.details, self.status, self.headers, "application/problem+json")


def full(retry_after: int = 1) -> ProblemError:
    """There are more requests than the server can answer soon."""
    return ProblemError(503, Message("serve.full"), retry_after)


def too_large(limits: Limits) -> ProblemError:
    """What was sent, or lies at an address, is larger than one request may be."""
    return ProblemError(413, Message("serve.too_large", megabytes=limits.body >> 20))


def late() -> ProblemError:
    """A request that was not answered within its deadline."""
    return ProblemError(503, Message("serve.late"), retry_after=5)
