"""Bundles answer at the precision they are calibrated at, or say that they don't."""

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Run
from tests.hostile import network, write
from whatsit import Classifier, WhatsitError, engine

pytestmark = pytest.mark.usefixtures("cache")
LIGHT = Image.new("RGB", (20, 20), "white")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b.whatsit"


# Precision


def test_bf16_bundle_answers_at_fp32_where_the_processor_has_no_bf16(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(path, network(), precision="bf16")
    monkeypatch.setattr(engine, "_capabilities", lambda: ["FP32", "INT8"])
    classifier = Classifier(path)
    assert classifier.precision == "fp32"
    assert classifier.predict(LIGHT).label == "light"
    said = capsys.readouterr().err
    assert "calibrated at bf16, but answers at fp32" in said
    with pytest.raises(WhatsitError, match="does not compute in bf16"):
        Classifier(path, precision="bf16")


def test_precision_can_be_chosen(path: Path, tmp_path: Path, whatsit: Run) -> None:
    write(path, network(), precision="bf16")
    LIGHT.save(tmp_path / "light.png")
    done = whatsit("predict", path, "light.png", "--precision", "fp32")
    assert done.returncode == 0, done.stderr
    assert "calibrated at bf16, but answers at fp32" in done.stderr
    with pytest.raises(WhatsitError, match="must be fp32 or bf16, not 'fp64'"):
        Classifier(path, precision="fp64")  # type: ignore[arg-type]
