"""How many labels are wrong, in which direction: confident learning's estimate.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021. It is what
cleanlab's `estimate_joint` computes, without its second of imports, so that every training can afford it.
"""

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-6  # below a threshold that still counts as it


def estimate_joint(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """How many pictures labeled as one class (row) show another (column), (classes, classes), in all n.

    `probabilities` (n, classes) are answers for pictures that were not trained on. A picture counts for the
    classes whose answer is at least as high as the mean answer for the pictures labeled so, of several for
    the likeliest; then each row is scaled to the number of its labels.
    """
    count = probabilities.shape[1]
    sizes = np.bincount(labels, minlength=count)
    own = np.bincount(labels, probabilities[np.arange(len(labels)), labels], count)
    thresholds = np.where(sizes > 0, own / np.maximum(sizes, 1), np.inf)
    is_over = probabilities >= thresholds - ROUNDING
    shown = np.where(is_over, probabilities, -1.0).argmax(1)
    is_counted = is_over.any(1)
    joint = np.zeros((count, count))
    np.add.at(joint, (labels[is_counted], shown[is_counted]), 1)
    joint[np.diag_indices(count)] = np.maximum(np.diag(joint), 1)
    return np.asarray(joint * (sizes / joint.sum(1))[:, None])
