"""Rows of numbers with their classes, what gradient descent makes of them, and what a training does."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from whatsit.labeled import Labeled
from whatsit.teach.models import Linear, descend
from whatsit.training.curve import epochs_of, usual_batch_size
from whatsit.training.fit_heads import HeadFit, fit_heads, is_right
from whatsit.training.heads import Heads

LR, STEPS = 0.3, 300  # with which `Linear` settles on inputs of about 1, and never jumps
Course = dict[str, Any]


def fitted(classes: Sequence[str], train: Labeled, valid: Labeled) -> Course:
    """Rows to train on and to validate with, and what gradient descent makes of them."""
    model = Linear(train.inputs.shape[1], len(classes))
    path = descend(model, train, LR, STEPS)
    return {
        "classes": list(classes),
        **_rows(train),
        "valid": _rows(valid),
        "lr": LR,
        "steps": STEPS,
        "path": path,
        "parameters": model.weight.size + model.bias.size,
        "accuracy": model.accuracy(valid),
    }


def headed(
    classes: Sequence[str], train: Labeled, valid: Labeled, of_head: tuple[Labeled, Labeled]
) -> Course:
    """The same, as `plain`, and the accuracy of the head that `whatsit train` would train on these pictures.

    `of_head` is what that head sees of them, the pictures to train on and those to validate with.
    """
    seen, asked = (Labeled(data.inputs.astype(np.float32), data.labels) for data in of_head)
    count = len(seen.labels)
    bs = usual_batch_size(count)
    heads = Heads(seen.inputs.shape[1], len(classes), [0])
    fit_heads(heads, seen, [np.arange(count)], HeadFit(epochs_of(count, bs), min(bs, count)))
    plain = fitted(classes, train, valid)
    rows_of = {name: plain.pop(name) for name in ("classes", "features", "labels", "valid")}
    accuracy = float(is_right(heads, asked.inputs, asked.labels).mean())
    return {**rows_of, "plain": plain, "inputs": heads.width, "accuracy": accuracy}


def _rows(data: Labeled) -> Course:
    return {"features": data.inputs.tolist(), "labels": data.labels.tolist()}
