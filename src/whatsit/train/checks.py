"""What a learner needs, and what to write instead of the usual mistakes."""

import os

from whatsit.catalog import Catalog
from whatsit.errors import CatalogError
from whatsit.text import described, ending


def require_catalog(given: object) -> None:
    """Raise CatalogError for what is not a catalog, as the path of a folder."""
    if isinstance(given, Catalog):
        return
    if isinstance(given, str | os.PathLike):
        path = ending(os.fspath(given))
        raise CatalogError(
            f'A learner needs a catalog, not the path "{path}".',
            f'Write Learner(Catalog.from_folder("{path}")).',
        )
    raise CatalogError(
        f"A learner needs a catalog, not {described(given)}.",
        'Make one with Catalog.from_folder("my-photos").',
    )
