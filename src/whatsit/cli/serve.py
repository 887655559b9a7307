"""`whatsit serve`: a page and an API for other people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whatsit.cli.options import ServedPrecision
from whatsit.cli.predict import MinProbability, minima
from whatsit.i18n import say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.serving.starting import Ready


def serve(
    bundles: Annotated[
        list[Path], typer.Argument(metavar=say("metavar.bundle"), help=say("help_serve.bundles"))
    ],
    host: Annotated[
        str, typer.Option(metavar=say("metavar.address"), help=say("help_serve.host"))
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar=say("metavar.number"), min=0, max=65535, help=say("help_serve.port"))
    ] = 8000,
    lan: Annotated[bool, typer.Option("--lan", help=say("help_serve.lan"))] = False,
    public: Annotated[bool, typer.Option("--public", help=say("help_serve.public"))] = False,
    key: Annotated[str | None, typer.Option(metavar=say("metavar.key"), help=say("help_serve.key"))] = None,
    cors: Annotated[
        list[str] | None, typer.Option(metavar=say("metavar.site"), help=say("help_serve.cors"))
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar=say("metavar.path"), help=say("help_serve.root_path"))
    ] = "",
    no_url: Annotated[bool, typer.Option("--no-url", help=say("help_serve.no_url"))] = False,
    allow_private: Annotated[bool, typer.Option("--allow-private", help=say("help_serve.private"))] = False,
    inbox: Annotated[
        Path | None, typer.Option(metavar=say("metavar.folder"), help=say("help_serve.inbox"))
    ] = None,
    min_probability: MinProbability = None,
    precision: ServedPrecision = None,
    workers: Annotated[int, typer.Option(metavar=say("metavar.number"), help=say("help_serve.workers"))] = 1,
    no_log: Annotated[bool, typer.Option("--no-log", help=say("help_serve.no_log"))] = False,
) -> None:
    """Serve bundles."""
    from whatsit.serving.starting import Wish, serve

    wish = Wish(
        bundles=[str(one) for one in bundles],
        host=host,
        port=port,
        lan=lan,
        public=public,
        key=key,
        cors=cors or (),
        root_path=root_path,
        url=not no_url,
        allow_private=allow_private,
        inbox=None if inbox is None else str(inbox),
        min_probability=minima(min_probability or []),
        precision=precision,
        log=not no_log,
        workers=workers,
    )
    requests = serve(wish, lambda ready: _announce(ready, inbox))
    print(say("serve.ended", requests=requests))


def _announce(ready: "Ready", inbox: Path | None) -> None:
    names = ", ".join(map(printable, ready.names))
    if ready.link:
        import segno

        print(say("serve.ready_lan", names=names))
        print(f"\n  {ready.link}\n")
        segno.make(ready.link, micro=False).terminal(compact=True)
    else:
        print(say("serve.ready", names=names, address=ready.address))
    if inbox is not None:
        print(say("serve.inbox", folder=inbox))
    print(end="", flush=True)
