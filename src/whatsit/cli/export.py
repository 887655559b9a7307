"""`whatsit export`: a bundle for somewhere else."""

from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import BundleFile
from whatsit.commands import quoted
from whatsit.i18n import say
from whatsit.text import printable


def export(
    bundle: BundleFile,
    container: Annotated[Path, typer.Option(metavar=say("metavar.folder"), help=say("help_serve.container"))],
) -> None:
    """Write the folder of a container."""
    from whatsit.serving.container import write_container

    written = write_container(bundle, container)
    print(say("container.written", folder=container, files=[printable(path.name) for path in written]))
    print(say("container.build", command=quoted("docker", "build", "--tag", "NAME", container)))
