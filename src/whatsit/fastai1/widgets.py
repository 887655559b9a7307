"""Widgets to clean pictures in a notebook: `from whatsit.fastai1.widgets import *`."""

from whatsit.fastai1.dataset_formatter import DatasetFormatter
from whatsit.fastai1.file_deleter import FileDeleter
from whatsit.fastai1.image_cleaner import ImageCleaner

__all__ = ["DatasetFormatter", "FileDeleter", "ImageCleaner"]
