"""The catalog: a table of the pictures, their labels and their splits."""

from whatsit.catalog.catalog import Catalog, Item, Options
from whatsit.catalog.duplicates import near_duplicates
from whatsit.catalog.entries import folders_of
from whatsit.catalog.looks import unchanged
from whatsit.catalog.opening import SPLITS, split_index
from whatsit.catalog.sources import sources_of
from whatsit.catalog.split import Rule
from whatsit.catalog.summary import Summary
from whatsit.config import Split

__all__ = [
    "SPLITS",
    "Catalog",
    "Item",
    "Options",
    "Rule",
    "Split",
    "Summary",
    "folders_of",
    "near_duplicates",
    "sources_of",
    "split_index",
    "unchanged",
]
