"""Where Whatsit keeps what it makes: the project's sidecar and the user's cache."""

from whatsit.project.cache import cache_dir, cache_files, empty_cache
from whatsit.project.files import write_whole
from whatsit.project.sidecar import FeatureStore, Project

__all__ = ["FeatureStore", "Project", "cache_dir", "cache_files", "empty_cache", "write_whole"]
