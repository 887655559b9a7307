"""A refusal as who asked can read it: a page for people with a browser, problem details for programs."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from whatsit.i18n import speaking
from whatsit.serving.html import page
from whatsit.serving.language import language_for
from whatsit.serving.problems import ProblemError


def refusal(request: HTTPConnection, problem: ProblemError) -> Response:
    """The answer to a request that is refused."""
    with speaking(language_for(request)):
        if "text/html" not in request.headers.get("accept", ""):
            return problem.response()
        below = path_of(request).count("/") - 1
        return page(
            "serve_problem.html",
            status=problem.status,
            headers=problem.headers,
            static=f"{'../' * below}static/",
            problem=problem.message,
        )


def path_of(request: HTTPConnection) -> str:
    """The path of a request within the application."""
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))
