"""What makes a learner's answers ready to serve: held-out answers, a temperature, novelty."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.events import working
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.model import Model
from whatsit.novelty import Novelty
from whatsit.training import crossfit
from whatsit.training.batches import Places
from whatsit.training.crossfit import HeldOut, Unseen, Yardsticks
from whatsit.training.fit_heads import HeadFit, affordable, fit_heads
from whatsit.training.heads import Heads
from whatsit.training.state import State
from whatsit.understand.novelty import fit_novelty


class Calibration:
    """Of a learner's state: each part is computed when it is first needed, and again after a training."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held_out: tuple[str, HeldOut] | None = None
        self._known: tuple[str, Novelty] | None = None
        self._ready: tuple[str, Model] | None = None

    def forget(self) -> None:
        """Compute the held-out answers anew when they are needed next: something was trained."""
        self._held_out = self._ready = None

    def model(self) -> Model:
        """The model, ready to serve."""
        plain = self.plain()
        of = hash_of(plain)
        if self._ready is None or self._ready[0] != of:
            self._ready = of, replace(plain, temperature=self.temperature(), novelty=self.novelty())
        return self._ready[1]

    def plain(self) -> Model:
        """The model without calibration and novelty, which cost a second."""
        state = self._state
        if state.is_training_backbone:
            raise WhatsitError(Message("training.backbone_in_training"))
        weight, bias = state.layers.head.as_linear()
        precision = state.data.precision
        return Model(state.data.classes, state.preprocess, precision, state.backbone, weight, bias)

    def held_out(self) -> HeldOut:
        """The answers for pictures that were not trained on; once after every training, kept in the run."""
        state, plain = self._state, self.plain()
        of = hash_of(plain)
        if self._held_out is None or self._held_out[0] != of:
            found = state.run.held_out(len(state.data.classes), of) if state.is_of_run else None
            if found is None:
                with working("held_out"):
                    found = self._hold_out()
                if state.is_of_run:
                    state.run.keep_held_out(of, found)
            self._held_out = of, found
        return self._held_out[1]

    def _hold_out(self) -> HeldOut:
        state = self._state
        if state.layers.is_fine_tuned:
            return self.unseen().held_out("valid")
        train = state.data.catalog["train"]
        return crossfit.hold_out(
            state.data.views_to_train_on(),
            crossfit.relatives(train.rows, train.groups),
            train.rows["content"],
            len(state.data.classes),
            self._train_alike,
        )

    def _train_alike(self, data: Labeled, places: list[Places]) -> Heads:
        """A head for each list of places, trained about as the learner's own was.

        Several trainings become one, with the settings of the last. With very many classes it is a shorter
        one.
        """
        state = self._state
        last = state.fits[-1] if state.fits and state.layers.is_frozen else None
        epochs = sum(fit["epochs"] for fit in state.fits if "group_lrs" not in fit) or state.default_epochs
        seeds = [state.config.seed] * len(places)
        alike = Heads(state.backbone.width, len(state.data.classes), seeds, state.config.ps)
        images = min(map(len, places))
        epochs, bs = affordable(alike, images, epochs, min(last["bs"] if last else state.batch_size, images))
        how = HeadFit(epochs, bs, state.config.seed)
        if last is not None:
            how = replace(how, lr=last["lr"], wd=last["wd"], balance=last["balance"])
        fit_heads(alike, data, places, how)
        return alike

    def unseen(self) -> Unseen:
        """The answers for the validation pictures, uncalibrated."""
        data, catalog = self._state.data, self._state.data.catalog["valid"]
        features = data.of("valid").inputs if len(catalog) else np.empty((0, data.backbone.width), np.float32)
        return Unseen(
            self.plain().from_features(features).logits,
            self.fitted_novelty().score(features),
            data.labels("valid"),
            crossfit.relatives(catalog.rows, catalog.groups),
            catalog.rows["content"],
        )

    def fitted_novelty(self) -> Novelty:
        """What finds novel pictures, without a threshold."""
        data = self._state.data
        if self._known is None or self._known[0] != data.backbone.sha256:
            train = data.of("train")
            self._known = data.backbone.sha256, fit_novelty(train.inputs, train.labels, len(data.classes))
        return self._known[1]

    def novelty(self) -> Novelty | None:
        """The same with a threshold from the held-out answers; None with too few pictures to find one by."""
        return crossfit.novelty_of(self._state.data.of("train"), self.fitted_novelty(), self.held_out())

    def yardsticks(self, split: Split) -> Yardsticks | None:
        """What the pictures of a split are measured by where that was found on these very pictures."""
        is_found_here = self._state.fits and split == self.held_out().split == "valid"
        return self.unseen().yardsticks() if is_found_here else None

    def is_novel(self, split: Split) -> NDArray[np.bool_] | None:
        """Which of a split's pictures (n,) are called novel.

        Where the threshold was found on these pictures, each is compared with one from others of them. None
        where these are too few for one, or there is no threshold at all.
        """
        novelty, yardsticks = self.novelty(), self.yardsticks(split)
        if novelty is None:
            return None
        threshold = np.asarray(novelty.threshold if yardsticks is None else yardsticks.threshold)
        if np.isnan(threshold).any():
            return None
        return np.asarray(novelty.score(self._state.data.of(split).inputs) > threshold)

    def temperature(self) -> float | None:
        """What logits are divided by before they become probabilities; None with nothing to find it by."""
        found = self.held_out()
        return found.temperature if found.images else None


def hash_of(model: Model) -> str:
    """The hash of backbone and head."""
    parts = (model.backbone.sha256.encode(), model.weight.tobytes(), model.bias.tobytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()
