"""Rows of numbers with their classes, what gradient descent makes of them, and what a training does."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from whatsit.labeled import Labeled
from whatsit.teach.models import Linear, descend
from whatsit.training.curve import epochs_of
from whatsit.training.fit_heads import HeadFit, fit_heads
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


def headed(classes: Sequence[str], train: Labeled, valid: Labeled) -> Course:
    """The same, as `plain`, and the accuracy of the head that `whatsit train` would train on these rows."""
    count = len(train.labels)
    bs = 32 if count >= 500 else 16
    heads = Heads(train.inputs.shape[1], len(classes), [0])
    rows = Labeled(train.inputs.astype(np.float32), train.labels)
    fit_heads(heads, rows, [np.arange(count)], HeadFit(epochs_of(count, bs), min(bs, count)))
    heads.settle(rows.inputs)
    right = heads.logits(valid.inputs.astype(np.float32)).argmax(1) == valid.labels
    plain = fitted(classes, train, valid)
    rows_of = {name: plain.pop(name) for name in ("classes", "features", "labels", "valid")}
    return {**rows_of, "plain": plain, "accuracy": float(right.mean())}


def _rows(data: Labeled) -> Course:
    return {"features": data.inputs.tolist(), "labels": data.labels.tolist()}
