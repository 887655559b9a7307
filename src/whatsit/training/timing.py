"""How long one thing takes."""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from whatsit.errors import ImageError


def seconds_each(predict: Callable[[Path], object], paths: Sequence[Path]) -> float | None:
    """The median of what pictures take, but for the first one, which takes longer; None without others."""
    seconds = []
    for path in paths:
        started = time.perf_counter()
        with suppress(ImageError):
            predict(path)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]) if len(seconds) > 1 else None
