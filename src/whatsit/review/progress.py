"""How far a review is, and whether going on is worth the time."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from whatsit.config import Choice

CALM = 12  # kept in a row: surely (95 %) fewer than 22 % of suspects like them are wrong, 0.78^12 = 0.05


def progress_of(choices: Sequence[Choice | None], scores: Sequence[float]) -> dict[str, Any]:
    """For suspects in their order, best first: what was decided of each, and the chance that it is wrong.

    `decided` of `total` are; of the `looked` first ones, all decided, the last `calm` were kept. `expected`
    of the others are wrong: the sum of their chances. After CALM kept in a row the reviewer `can_stop`.
    """
    looked = len(list(takewhile(lambda choice: choice is not None, choices)))
    calm = len(list(takewhile(lambda choice: choice == "keep", reversed(choices[:looked]))))
    rest = sum(score for choice, score in zip(choices, scores, strict=True) if choice is None)
    decided = sum(choice is not None for choice in choices)
    return {
        "decided": decided,
        "total": len(choices),
        "looked": looked,
        "calm": calm,
        "expected": round(rest),
        "can_stop": calm >= CALM and decided < len(choices),
    }
