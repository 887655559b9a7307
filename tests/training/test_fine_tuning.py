"""Fine-tuning begins well: a settled head, mirrors that are judged, and nothing done for nothing."""

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import whatsit as wi
from tests.conftest import SMALL
from tests.listening import on_lines, on_progress
from whatsit.config import TrainConfig
from whatsit.training import automatic, mirrors
from whatsit.training.job import Job
from whatsit.training.learner import Learner

SIZE = 64


@pytest.fixture
def learner(digits: Path, cache: Path) -> Learner:
    return Learner(wi.Catalog.from_folder(digits), size=SIZE, precision="fp32")


def test_body_is_tuned_under_a_head_with_the_statistics_of_all_features(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the three batches of an epoch the running averages are mostly what they began with."""
    features = learner._state.data.of("train").inputs
    seen: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def look(self: Learner, group: int) -> Learner:
        if group == 1:
            head = self._state.layers.head
            seen.append((head.mean[0].copy(), head.var[0].copy()))
            raise KeyboardInterrupt
        return freeze_to(self, group)

    freeze_to = Learner.freeze_to
    monkeypatch.setattr(Learner, "freeze_to", look)
    with pytest.raises(KeyboardInterrupt):
        learner.fine_tune(1)
    ((mean, variance),) = seen
    assert np.allclose(mean, features.mean(0), atol=1e-5)
    assert np.allclose(variance, features.var(0, ddof=1), rtol=1e-4)


def test_mirroring_is_judged_by_a_settled_head_after_a_single_epoch_too(cache: Path, tmp_path: Path) -> None:
    dice = random.Random(1)
    for label in "bd":  # mirrored, each is the other
        (tmp_path / "letters" / label).mkdir(parents=True)
        for number in range(40):
            page = Image.new("RGB", (96, 96), (dice.randrange(160, 256),) * 3)
            font = ImageFont.load_default(dice.randrange(50, 80))
            place = dice.randrange(10, 40), dice.randrange(20)
            ImageDraw.Draw(page).text(place, label, dice.randrange(60), font)
            page.save(tmp_path / "letters" / label / f"{number}.png")
    learner = Learner(wi.Catalog.from_folder(tmp_path / "letters", valid=0.4), size=SIZE)
    learner.fit_one_cycle(1, 1e-6)
    before = learner.get_preds()[0]
    assert mirrors.hurt(learner._state)
    assert (learner.get_preds()[0] == before).all(), "another head was asked"


def test_random_backbone_is_not_asked_for_features(digits: Path, cache: Path) -> None:
    seen: list[str] = []
    with on_progress(lambda title, done, total: seen.append(title)):
        learner = Learner(wi.Catalog.from_folder(digits), SMALL, SIZE, pretrained=False)
        assert "features" not in seen
        learner.fit_one_cycle(1)
        learner.fit_one_cycle(1)
    assert seen.count("features") == 2 * len(learner.catalog["valid"]), "after each training"


@pytest.mark.parametrize("options", [{"fine_tune": 2}, {"time_budget": 5.0}])
def test_nothing_is_fine_tuned_where_the_frozen_one_makes_no_mistake(
    digits: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, float]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("minutes are spent for nothing")

    monkeypatch.setattr(Learner, "fine_tune", refuse)
    monkeypatch.setattr(automatic, "epoch_seconds", refuse)
    lines: list[str] = []
    asked = TrainConfig(str(digits), str(tmp_path / "x.whatsit"), epochs=30, augment="none", **options)  # type: ignore[arg-type]
    with on_lines(lines.append):
        trained = automatic.carry_out(Job(asked))
    assert trained.learner.evaluate().accuracy == 1.0
    assert lines[-1].startswith("the frozen model makes no mistake on 12 validation pictures")
