"""A refusal as who asked can read it: a page for people with a browser, problem details for programs."""

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from whatsit.i18n import speaking
from whatsit.serving.language import language_for
from whatsit.serving.problems import ProblemError
from whatsit.web import render


def refusal(request: HTTPConnection, problem: ProblemError) -> Response:
    """The answer to a request that is refused."""
    with speaking(language_for(request)):
        if "text/html" not in request.headers.get("accept", ""):
            return problem.response()
        below = path_of(request).count("/") - 1
        text = render(
            "serve_problem.html",
            inline=False,
            assets=("serve.css",),
            static=f"{'../' * below}static/",
            problem=problem.message,
        )
        return HTMLResponse(text, problem.status, problem.headers)


def path_of(request: HTTPConnection) -> str:
    """The path of a request within the application."""
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))
