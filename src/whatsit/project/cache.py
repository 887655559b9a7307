"""The user's cache: converted networks, shared by all projects and safe to delete."""

import os
import sys
from pathlib import Path


def cache_dir() -> Path:
    """WHATSIT_CACHE, or the place this system keeps caches in. Not created here."""
    if folder := os.environ.get("WHATSIT_CACHE"):
        return Path(folder)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "whatsit"


def cache_files() -> list[Path]:
    """Every file in the cache, sorted."""
    return sorted(path for path in (cache_dir() / "networks").glob("*") if path.is_file())


def empty_cache() -> int:
    """Delete the converted networks and return the bytes freed."""
    freed = 0
    for path in cache_files():
        freed += path.stat().st_size
        path.unlink()
    for note in (cache_dir() / "tried").glob("*"):  # see whatsit.trial
        note.unlink(missing_ok=True)
    return freed
