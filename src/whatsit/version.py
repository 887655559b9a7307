"""The version of Whatsit, and of the packages it is used with."""

__version__ = "0.1.0"


def version_of(package: str) -> str:
    """The version of an installed package, "unknown" where it is not recorded.

    Whatsit knows its own: run from a source tree, it has no metadata.
    """
    from importlib.metadata import PackageNotFoundError, version

    if package == "whatsit":
        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
