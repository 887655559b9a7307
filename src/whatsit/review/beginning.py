"""From a catalog to a review of it, for a page or a notebook."""

from collections.abc import Collection

from whatsit.catalog import Catalog
from whatsit.config import Split
from whatsit.review.decisions import Decisions
from whatsit.review.explaining import Explainer
from whatsit.review.finding import find
from whatsit.review.likeness import Likeness
from whatsit.review.pool import USUAL, pool_of
from whatsit.review.session import Session
from whatsit.training.features import Extractor


def begin(catalog: Catalog, extract: Extractor, splits: Collection[Split] = USUAL) -> Session:
    """Look for suspects in these splits, and be ready to answer about them. Raises WhatsitError.

    What somebody decided to keep or relabel is not looked at again.
    """
    pool = pool_of(catalog, extract, splits)
    found = find(pool, splits, Decisions(catalog).settled())
    likeness = Likeness(pool.catalog.rows["content"], pool.features, pool.catalog.labels)
    return Session(catalog, found, Explainer(pool.catalog, extract, pool.features), likeness)
