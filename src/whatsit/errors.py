"""What can go wrong, in words that say what to do next."""

from whatsit.i18n import Advising, Message


class WhatsitError(Advising, Exception):
    """A mistake in the input or the surroundings: a message with what is wrong and what to do next."""

    def __init__(self, message: Message | str, next_step: str = "") -> None:
        if isinstance(message, str):
            message = Message("plain.advice", what=message, next=next_step)
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message.text()

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the sentence alone, of which `%debug` shows the way."""
        return [str(self)]


class ImageError(WhatsitError):
    """A file that Whatsit can't use as a picture; `what` is the reason in words."""


class UnusableImageError(ImageError):
    """A picture that may be sound, but that Whatsit does not read; other programs may."""


class FileAccessError(ImageError):
    """A file that can't be read at all, which permissions or a network may change."""


class CatalogError(WhatsitError):
    """A folder on which nothing can be trained."""


class ProjectError(WhatsitError):
    """A sidecar that can't be used, or a move in it that can't be made."""


class UntrustedError(ProjectError):
    """A sidecar, manifest or run that names what lies outside its folder."""


class ReadOnlyProjectError(ProjectError):
    """A place where no sidecar can be written."""


class BackboneError(WhatsitError):
    """A backbone whose name, weights or conversion is not to be had."""


class DivergedError(WhatsitError):
    """A training whose weights, or what they answer, are not numbers any more."""


class BundleError(WhatsitError):
    """A bundle that is damaged, foreign, unsafe or too new."""


class NetworkError(WhatsitError):
    """A network that may not be in a bundle. The message is a clause that begins with "its network"."""


class FetchError(WhatsitError):
    """An address that could not be fetched.

    `passing` says whether it may work a moment later, `wait` how many seconds the server asks to wait, and
    `unreachable` that no server answered at all.
    """

    def __init__(
        self,
        message: Message | str,
        passing: bool = False,
        wait: float | None = None,
        unreachable: bool = False,
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.wait = wait
        self.unreachable = unreachable


class CollectError(WhatsitError):
    """A search, a list of addresses or a manifest that can't be used."""


class WeightsError(Exception):
    """Weights are those of another model. What reads them says which file they come from."""
