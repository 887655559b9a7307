"""Paths behind a proxy that serves this server under a path of its own."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Root:
    """An ASGI middleware for proxies that leave the root path in an address, and for those that take it away.

    uvicorn puts it before all paths, so that some have it twice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path")
        if scope["type"] == "http" and root and f"{scope['path']}/".startswith(f"{root}{root}/"):
            scope = {**scope, "path": scope["path"].removeprefix(root)}
        await self._app(scope, receive, send)
