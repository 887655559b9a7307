"""What holds wherever nothing else is given."""

from dataclasses import dataclass
from typing import cast

import torch

from whatsit.config import Device


@dataclass
class Defaults:
    """`device` is where learners that are made from now on train layers of the backbone."""

    device: torch.device | str

    @property
    def today(self) -> Device:
        """The same in today's words."""
        return cast(Device, torch.device(self.device).type)


defaults = Defaults(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
