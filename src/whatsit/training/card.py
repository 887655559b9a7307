"""What a learner records for the model card of its bundle."""

from whatsit.card import Facts, Source
from whatsit.card.facts import Interval, merged
from whatsit.catalog import SPLITS, sources_of
from whatsit.training.calibration import Calibration
from whatsit.training.cleaned import counted
from whatsit.training.records import evaluation_of
from whatsit.training.state import State


def facts_of(state: State, calibration: Calibration) -> Facts:
    """The facts, the same for the same training."""
    valid, counts = evaluation_of(state, calibration, "valid"), state.catalog.counts()
    classes = state.data.classes
    found = sources_of(state.catalog)
    return Facts(
        pictures={split: [counts[label][split] for label in classes] for split in SPLITS},
        right=[int(valid.confusion[place, place]) for place in range(len(classes))],
        interval=_rounded(valid.interval),
        intervals=[_rounded(row["intervals"]["recall"]) for row in valid.per_class().values()],
        groups=valid.groups,
        epochs=len(state.history),
        views=state.data.views,
        seed=state.config.seed,
        is_pretrained=state.layers.is_pretrained,
        is_assigned=state.catalog.is_assigned,
        cleaned=counted(state),
        sources=None if found is None else merged([Source(*names, n) for names, n in found.items()]),
    )


def _rounded(interval: Interval | None) -> Interval | None:
    return None if interval is None else (round(interval[0], 6), round(interval[1], 6))
