"""What `lr=` may be: one rate, a slice, or a list, a rate for every group of layers."""

from collections.abc import Iterable, Sequence
from numbers import Real

from whatsit.checks import is_number
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.text import shortened

LearningRates = float | slice | Sequence[float]


def spread(lr: LearningRates, groups: int) -> list[float]:
    """A rate for each of `groups`, the earliest layers first, as the lesson's library spreads them.

    A number is for all; slice(a, b) goes from a to b by equal factors; slice(b) gives b to the last group and
    a tenth of it to the others; a list has one for each, or, of a learner with only a head, its last counts.
    Raises WhatsitError for what is none of these.
    """
    if isinstance(lr, slice):
        start, stop = lr.start, lr.stop
        if not _is_rate(stop) or lr.step is not None:
            raise _impossible(lr)
        if start is None:
            rates = [stop / 10] * (groups - 1) + [stop]
        elif _is_rate(start):
            steps = max(1, groups - 1)
            rates = [start * (stop / start) ** (n / steps) for n in range(groups)] if groups > 1 else [stop]
        else:
            raise _impossible(lr)
    elif isinstance(lr, Real):
        rates = [lr] * groups
    elif isinstance(lr, str) or not isinstance(lr, Iterable):
        raise _impossible(lr)
    else:
        rates = list(lr)[-groups:] if groups == 1 else list(lr)
    if len(rates) != groups:
        raise WhatsitError(Message("train_options.lr_count", rates=len(rates), groups=groups))
    if not all(map(_is_rate, rates)):
        raise _impossible(lr)
    return [float(rate) for rate in rates]


def _is_rate(value: object) -> bool:
    return is_number(value, 0) and value != 0


def _impossible(lr: LearningRates) -> WhatsitError:
    return WhatsitError(Message("train_options.lr_spread", given=shortened(repr(lr), 60)))
