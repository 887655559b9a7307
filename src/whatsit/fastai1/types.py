"""Which pictures are meant."""

from enum import Enum

from whatsit.config import Split


class DatasetType(Enum):
    """Pictures to train on, to measure the training by, and those kept for the end."""

    Train = "train"
    Valid = "valid"
    Test = "test"

    @property
    def split(self) -> Split:
        """The same in today's words."""
        return self.value
