"""Which pictures are meant."""

from enum import Enum

from whatsit.checks import described
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.i18n import Message


class DatasetType(Enum):
    """Pictures to train on, to measure the training by, and those kept for the end."""

    Train = "train"
    Valid = "valid"
    Test = "test"


def split_of(ds_type: object) -> Split:
    """The same in today's words. Raises WhatsitError for anything else."""
    if not isinstance(ds_type, DatasetType):
        raise WhatsitError(Message("lesson_learner.not_ds_type", given=described(ds_type)))
    return ds_type.value
