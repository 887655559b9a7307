"""Random numbers from a seed of their own, the same every time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


@contextmanager
def seeded(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """Draw from `seed` on the CPU and on `device`; afterwards both go on as before.

    Other GPUs are left alone: only to ask for their state would start each of them.
    """
    used = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=used, device_type="cuda"):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU
        if used:
            torch.cuda.manual_seed(seed)
        yield
