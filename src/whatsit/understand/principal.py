"""Principal components of many numbers per picture."""

import numpy as np
from numpy.typing import NDArray


def principal(centred: NDArray[np.floating], most: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Squared lengths (k,), falling, and directions (k, width) of centred rows (n, width); k <= `most`.

    Directions that hold next to nothing are left out. By the smaller of the two matrices of products.
    """
    rows = centred.astype(np.float64)
    is_wide = rows.shape[0] <= rows.shape[1]
    values, vectors = np.linalg.eigh(rows @ rows.T if is_wide else rows.T @ rows)
    values, vectors = values[::-1][:most], vectors[:, ::-1][:, :most]
    keep = max(1, int((values > 1e-9 * values[0]).sum()))
    values, vectors = values[:keep], vectors[:, :keep].T
    if is_wide:
        vectors = vectors @ rows / np.sqrt(np.maximum(values, 1e-12))[:, None]
    return values, vectors.astype(np.float32)
