"""What every server of pages needs: the files of the kit, and pages with the headers that guard them."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from whatsit.web.assets import static_files
from whatsit.web.page import policy

SELF = ("'self'",)
POLICY = policy(SELF, SELF, SELF)  # of a page
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none, forms would not show where they come from
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
FOREVER = "public, max-age=31536000, immutable"  # another content has another name


def page(text: str, status: int = 200) -> HTMLResponse:
    """What `render(..., inline=False)` made, as an answer."""
    return HTMLResponse(text, status, guards(f"{POLICY}; frame-ancestors 'self'"))


def guards(policy: str) -> dict[str, str]:
    """The headers that guard an answer that is not to be kept."""
    return {**HEADERS, "content-security-policy": policy, "cache-control": "no-store"}


def static_route(path: str = "/static/{name}") -> Route:
    """The route of the kit's files, to be mounted where the pages' `static` points to."""
    return Route(path, _static)


async def _static(request: Request) -> Response:
    found = static_files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    kind, content = found
    return Response(content, headers={**HEADERS, "cache-control": FOREVER}, media_type=kind)
