"""Tests, in folders as `src/whatsit` is; those of single modules and of the whole product lie here."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
