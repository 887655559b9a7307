"""Packages that the base install leaves out, and what to type to get them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from whatsit.commands import installing
from whatsit.errors import WhatsitError
from whatsit.i18n import Message

EXTRAS = {
    "torch": ("torch", "torchvision", "timm", "captum", "onnxscript"),
    "plot": ("matplotlib",),
    "clean": ("sklearn", "pandas", "cleanlab"),
    "search": ("ddgs",),
    "notebook": ("anywidget", "ipywidgets", "traitlets"),
}


class MissingError(WhatsitError, ImportError):
    """A package that is not installed, and the extra that brings it."""


def extra_of(package: str | None) -> str | None:
    """The extra that brings a package, None for others."""
    own = (package or "").split(".")[0]
    return next((extra for extra, packages in EXTRAS.items() if own in packages), None)


def missing(what: Message | str, package: str | None) -> MissingError:
    """The error that something needs a package of an extra."""
    command = installing(extra_of(package) or "all")
    return MissingError(Message("extras.missing", what=what, package=package, command=command))


def is_there(extra: str) -> bool:
    """Whether all packages of an extra are installed."""
    return _absent(extra) is None


def is_installed(package: str) -> bool:
    """Whether a package is installed, which is not imported."""
    return find_spec(package) is not None


def require(extra: str, what: Message | str) -> None:
    """Raise MissingError now where a package of an extra is missing that `what` needs later."""
    if (package := _absent(extra)) is not None:
        raise missing(what, package)


def _absent(extra: str) -> str | None:
    return next((package for package in EXTRAS[extra] if not is_installed(package)), None)


@contextmanager
def needing(what: Message | str) -> Iterator[None]:
    """Import packages of an extra in this block, for `what`. Raises MissingError where one is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        if extra_of(error.name) is None:
            raise
        raise missing(what, error.name) from error
