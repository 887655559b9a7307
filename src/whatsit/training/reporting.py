"""What a learner's report holds."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from whatsit.config import Split
from whatsit.errors import CatalogError
from whatsit.model import Model
from whatsit.report import Report, Training, known_thumbnails
from whatsit.training.calibration import Calibration
from whatsit.training.cleaned import cleanings
from whatsit.training.previous import compared
from whatsit.training.records import settings
from whatsit.training.state import State
from whatsit.training.suspects import noise_of, suspects_of
from whatsit.understand.interpretation import Interpretation

ORDER: tuple[Split, ...] = ("test", "valid", "train")  # the first that has pictures is judged by


def interpretations(interpret: Callable[[Split], Interpretation]) -> Iterator[Interpretation]:
    """Of each split that has pictures, the one to judge by first."""
    for split in ORDER:
        with suppress(CatalogError):  # it has no pictures, or none can be read anymore
            yield interpret(split)


def report_of(
    state: State,
    calibration: Calibration,
    model: Model,
    interpret: Callable[[Split], Interpretation],
    training: Training,
) -> Report:
    """The report of a learner's model, with what `interpret` finds on each split that has pictures."""
    return Report(
        name=state.catalog.root.name,
        interpretations=list(interpretations(interpret)),
        facts=settings(state, model),
        training=training,
        summary=state.catalog.summary(),
        temperature=model.temperature,
        is_fine_tuned=state.layers.is_fine_tuned,
        calibrated_on=calibration.held_out().split,
        novelty=model.novelty,
        is_cross_fitted=True,
        left_out=state.data.left_out,
        suspects=suspects_of(state, calibration),
        noise=noise_of(state, calibration),
        previous=compared(state, calibration),
        cleaned=cleanings(state, calibration),
        thumbnails=partial(known_thumbnails, state.catalog, state.project),
    )
