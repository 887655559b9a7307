"""Pictures from the web: search for them, and download them."""

from whatsit.collection.collecting import MAX_PICS, collect, collect_lists, download_images
from whatsit.collection.lists import label_lists, read_list
from whatsit.collection.search import search_images
from whatsit.collection.tally import Collection

__all__ = [
    "MAX_PICS",
    "Collection",
    "collect",
    "collect_lists",
    "download_images",
    "label_lists",
    "read_list",
    "search_images",
]
