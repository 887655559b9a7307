"""From a catalog to a review of it, for a page or a notebook."""

from collections.abc import Collection

import numpy as np

from whatsit.catalog import Catalog, split_index
from whatsit.config import Split
from whatsit.review.decisions import Decisions
from whatsit.review.explaining import Explainer
from whatsit.review.finding import USUAL, suspects
from whatsit.review.likeness import Likeness
from whatsit.review.session import Session
from whatsit.training.features import Extractor


def begin(catalog: Catalog, extract: Extractor, splits: Collection[Split] = USUAL) -> Session:
    """Look for suspects in these splits, and be ready to answer about them. Raises WhatsitError.

    What somebody decided to keep or relabel is not looked at again.
    """
    found = suspects(catalog, extract, splits, Decisions(catalog).settled())
    wanted = [split_index(split) for split in {*USUAL, *splits}]
    pool = catalog.select(np.flatnonzero(np.isin(catalog.rows["split"], wanted)))
    features = extract(pool)  # known by now
    pool = pool.without(features.refused, to_train=False) if features.refused else pool
    likeness = Likeness(pool.rows["content"], features.vectors, pool.labels)
    return Session(catalog, found, Explainer(pool, extract, features.vectors), likeness)
