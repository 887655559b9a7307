"""Memory that large pictures share, however many threads open them."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext


class TooMuchError(Exception):
    """More memory was asked for at a time than this thread may have."""


class Budget:
    """`size` bytes, of which blocks of code reserve what they need, in the order in which they ask.

    Who asks for more than all gets all. A thread that holds some gets more at once, or it would wait for
    itself for ever.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._held = threading.local()

    @contextmanager
    def at_most(self, size: float) -> Iterator[None]:
        """In this block, this thread is refused more than `size` bytes at a time."""
        before = getattr(self._held, "most", math.inf)
        self._held.most = size
        try:
            yield
        finally:
            self._held.most = before

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free, and hold them while the block runs. Raises TooMuchError."""
        if size > getattr(self._held, "most", math.inf):
            raise TooMuchError
        size = min(size, self.size)
        depth = getattr(self._held, "depth", 0)
        with nullcontext() if depth else self._turn, self._changed:
            self._changed.wait_for(lambda: depth > 0 or self._free >= size)
            self._free -= size
        self._held.depth = depth + 1
        try:
            yield
        finally:
            self._held.depth = depth
            with self._changed:
                self._free += size
                self._changed.notify_all()
