"""Run from a source tree, or from packages without metadata: training ends well all the same."""

import importlib.metadata
from pathlib import Path

import pytest

import whatsit as wi


def test_packages_without_metadata_are_unknown_and_stop_no_training(
    digits: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", none)
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=64)
    learner.fit_one_cycle(1)
    versions = learner.export(tmp_path / "x.whatsit").versions
    assert versions["whatsit"] == wi.__version__
    assert versions["numpy"] == "unknown"
