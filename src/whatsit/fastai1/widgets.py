"""Widgets to clean pictures in a notebook: `from whatsit.fastai1.widgets import *`."""

from typing import Any

from whatsit.fastai1 import lazy

HOMES = {
    "DatasetFormatter": "whatsit.fastai1.dataset_formatter:DatasetFormatter",
    "FileDeleter": "whatsit.fastai1.file_deleter:FileDeleter",
    "ImageCleaner": "whatsit.fastai1.image_cleaner:ImageCleaner",
}
__all__ = sorted(HOMES)


def __getattr__(name: str) -> Any:
    return lazy.find(name, __name__, HOMES)
