"""What pictures there are, what they show, and which side of the split they are on."""

from whatsit.catalog.catalog import Catalog, Item, Split

__all__ = ["Catalog", "Item", "Split"]
