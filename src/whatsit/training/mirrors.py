"""Whether mirrored pictures are recognized worse, as with letters: then none are trained on."""

import numpy as np

from whatsit.training.checks import require_teaching
from whatsit.training.fit_heads import HeadFit, fit_heads, is_right
from whatsit.training.heads import WD, Heads
from whatsit.training.state import State
from whatsit.understand.comparison import Difference, paired


def mirrored(state: State) -> Difference | None:
    """How many more mirrored validation pictures than plain ones are not recognized; None once the backbone
    was trained.

    By a head that has settled on plain pictures, whatever became of the learner's own. Measured once.
    """
    if state.mirrored is None and state.config.pretrained and not state.layers.is_fine_tuned:
        features = state.data.features(state.data.catalog["valid"], view=1)
        if not features.refused:
            head, valid = _settled_head(state), state.data.of("valid")
            there, plain = (
                state.data.by_content(is_right(head, inputs, valid.labels))
                for inputs in (features.vectors, valid.inputs)
            )
            state.mirrored = paired(there, plain)
    return state.mirrored


def hurt(state: State) -> bool:
    """Whether mirrored pictures are clearly worse to recognize."""
    found = mirrored(state)
    return found is not None and found.low > 0


def _settled_head(state: State) -> Heads:
    """A head trained on plain pictures for as long as it takes; nothing of it is kept in a run."""
    head, train = state.layers.fresh_head(), state.data.of("train")
    bs, epochs = min(state.batch_size, state.data.count("train")), state.default_epochs
    require_teaching(1, bs, WD)
    fit_heads(head, train, [np.arange(len(train.labels))], HeadFit(epochs, bs, state.config.seed))
    return head
