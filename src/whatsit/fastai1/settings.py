"""How pictures are prepared."""

from collections.abc import Mapping
from dataclasses import dataclass

from whatsit.checks import config_with, described
from whatsit.config import InputSide
from whatsit.errors import WhatsitError
from whatsit.fastai1.transforms import Transforms
from whatsit.i18n import Message
from whatsit.training.checks import require_bs, require_size


@dataclass(frozen=True)
class Settings:
    """How pictures are prepared: changed by `ds_tfms` or `tfms`, `size` pixels square, `bs` at once.

    `num_workers` is accepted and means nothing: Whatsit uses the processors that there are. Raises
    WhatsitError.
    """

    ds_tfms: Transforms | None = None
    tfms: Transforms | None = None
    size: int | tuple[int, ...] | None = None
    bs: int | None = None
    num_workers: int | None = None

    def __post_init__(self) -> None:
        for given in (self.ds_tfms, self.tfms):
            if not isinstance(given, Transforms | None):
                raise WhatsitError(Message("lesson_data.no_transforms", given=described(given)))
        if isinstance(self.size, tuple) and len(set(self.size)) != 1:
            raise WhatsitError(Message("lesson_data.not_square", given=str(self.size)))
        require_size(self.side)
        if self.bs is not None:
            require_bs(self.bs)

    @classmethod
    def of(cls, options: Mapping[str, object]) -> "Settings":
        """The settings that a call was given. Raises WhatsitError for a name that is not a setting."""
        return config_with(cls, options)

    @property
    def side(self) -> InputSide:
        """The side of the network's input in pixels."""
        size = self.size[0] if isinstance(self.size, tuple) else self.size
        return "auto" if size is None else size
