"""What holds wherever nothing else is given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

import torch

from whatsit.checks import described
from whatsit.config import Device
from whatsit.errors import WhatsitError
from whatsit.fastai1.explained import NotThereError
from whatsit.i18n import Message


@dataclass
class Defaults:
    """`device` is where learners that are made from now on train layers of the backbone."""

    device: torch.device | str

    if not TYPE_CHECKING:  # or no misspelled name would be found

        def __setattr__(self, name: str, value: object) -> None:
            if name != "device":
                self.__getattr__(name)
            super().__setattr__(name, value)

        def __getattr__(self, name: str) -> NoReturn:
            raise NotThereError(Message("lesson_data.no_setting", name=name))

    @property
    def today(self) -> Device:
        """The same in today's words. Raises WhatsitError for what is not a device."""
        try:
            return cast(Device, torch.device(self.device).type)
        except (RuntimeError, TypeError) as error:
            raise WhatsitError(Message("lesson_learner.device", given=described(self.device))) from error


defaults = Defaults(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
