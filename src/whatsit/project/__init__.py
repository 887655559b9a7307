"""Where Whatsit keeps what it makes: the project's sidecar and the user's cache."""

from whatsit.project.cache import cache_dir, cache_files, empty_cache
from whatsit.project.database import Database
from whatsit.project.features import FeatureStore
from whatsit.project.files import size_of, write_whole
from whatsit.project.journal import Action, Journal, Move
from whatsit.project.project import MANIFEST, SIDECAR, Project

__all__ = [
    "MANIFEST",
    "SIDECAR",
    "Action",
    "Database",
    "FeatureStore",
    "Journal",
    "Move",
    "Project",
    "cache_dir",
    "cache_files",
    "empty_cache",
    "size_of",
    "write_whole",
]
