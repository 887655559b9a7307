"""Other learners like one: with another seed, more views, or fewer pictures. Nothing of it changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.catalog import Catalog
from whatsit.training import mirrors
from whatsit.training.learner import Learner
from whatsit.training.state import State

if TYPE_CHECKING:
    from torch import nn


def fresh(learner: Learner, seed: int | None = None, new_run: Callable[[], Path] | None = None) -> Learner:
    """A learner with a fresh head, and the backbone as it came, on the same split."""
    state = learner._state
    config = replace(state.config, seed=state.config.seed if seed is None else seed)
    other = Learner._of(state.fresh(config, new_run))
    return other if config.pretrained else other.unfreeze()


def with_views(learner: Learner, views: int) -> Learner:
    """A learner with a fresh head that is trained on `views` views of every training picture (augmentation).

    Every other one is mirrored, unless that hurts.
    """
    mirrors.mirrored(learner._state)
    other = fresh(learner)
    add_views(other, views)
    return other


def add_views(learner: Learner, views: int) -> None:
    """Train the head on so many views of every training picture from now on."""
    step = 2 if mirrors.hurt(learner._state) else 1  # odd ones are mirrored
    learner._state.data.add_views(range(step, step * views, step))


def on(
    learner: Learner, catalog: Catalog, augment: "nn.Module | None", new_run: Callable[[], Path] | None = None
) -> Learner:
    """A fresh learner like this one, without dropout and further metrics, for some of its pictures."""
    state = learner._state
    config = replace(
        state.config, size=state.size.pixels, precision=state.data.precision, ps=0.0, augment=augment
    )
    other = Learner._of(State.of(config, catalog, {}, new_run))
    return other if config.pretrained else other.unfreeze()


def take_up(learner: Learner, trainings: int, views: int) -> None:
    """Become what so many trainings of its run came to, on so many views of every picture.

    The next call trains it further, unless it was trained further already.
    """
    state = learner._state
    checkpoint = state.run.take_up(trainings, state.belongs)
    if state.run.is_at_its_end:
        state.restore(checkpoint)
        state.is_of_run = True
    if views > 1:
        add_views(learner, views)
