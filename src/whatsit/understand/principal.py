"""Principal components of many numbers per picture."""

import numpy as np
from numpy.typing import NDArray

OVERSAMPLED, ROUNDS = (
    32,
    4,
)  # of lite0's features 128 directions hold 99.9% of what is possible
FEW = 4  # times as many rows as directions: with fewer the exact method is as fast


def principal(centered: NDArray[np.floating], most: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Squared lengths (k,), falling, and directions (k, width) of centered rows (n, width); k <= `most`.

    Directions that hold next to nothing are left out. By the smaller of the two matrices of products, and
    where there are many more rows than directions, within their range (Halko, Martinsson and Tropp 2011,
    "Finding structure with randomness", algorithm 4.4).
    """
    rows = centered.astype(np.float64)
    is_wide = rows.shape[0] <= rows.shape[1]
    if is_wide and len(rows) > FEW * (most + OVERSAMPLED):
        rows = _range(rows, most + OVERSAMPLED).T @ rows
    values, vectors = np.linalg.eigh(rows @ rows.T if is_wide else rows.T @ rows)
    values, vectors = values[::-1][:most], vectors[:, ::-1][:, :most]
    keep = max(1, int((values > 1e-9 * values[0]).sum()))
    values, vectors = values[:keep], vectors[:, :keep].T
    if is_wide:
        vectors = vectors @ rows / np.sqrt(np.maximum(values, 1e-12))[:, None]
    return values, vectors.astype(np.float32)


def _range(rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Orthonormal columns (n, count) that nearly hold the longest directions of rows (n, width)."""
    gram = (rows @ rows.T).astype(np.float32)
    columns = np.random.default_rng(0).standard_normal((len(rows), count), np.float32)
    for _ in range(ROUNDS):
        columns = np.linalg.qr(gram @ columns)[0]
    return np.linalg.qr(columns.astype(np.float64))[0]
