"""`whatsit cache`: converted networks."""

from typing import Annotated

import typer

from whatsit.cli.options import Json
from whatsit.cli.printing import print_json
from whatsit.i18n import say


def cache(
    empty: Annotated[bool, typer.Option("--empty", help=say("help.empty_cache"))] = False,
    json: Json = False,
) -> None:
    """Show or empty the cache of converted networks."""
    from whatsit.project import cache_dir, cache_files, empty_cache

    freed = empty_cache() if empty else 0
    files = {path.name: path.stat().st_size for path in cache_files()}
    if json:
        print_json({"folder": str(cache_dir()), "files": files, "bytes": sum(files.values()), "freed": freed})
        return
    for name, size in files.items():
        print(f"{size / 1e6:8.1f} MB  {name}")
    megabytes = sum(files.values()) / 1e6
    if empty:
        print(say("cli_project.cache_emptied", folder=cache_dir(), megabytes=megabytes, freed=freed / 1e6))
    else:
        print(say("cli_project.cache", folder=cache_dir(), megabytes=megabytes))
