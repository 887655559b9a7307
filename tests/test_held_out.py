"""What is asked of pictures that were held out: by which heads, and what becomes of the answers."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

import whatsit as wi
from whatsit.train import crossfit
from whatsit.train import head as heads
from whatsit.train.bank import fit_many
from whatsit.train.crossfit import HeldOut, hold_out
from whatsit.train.learner import Learner
from whatsit.train.loop import Labelled, threads_of
from whatsit.train.reporting import report_of

CLASSES, WIDTH = 3, 32


def clouds(images: int, spread: float = 1.0, seed: int = 0) -> Labelled:
    """Features around a centre for each class."""
    dice = torch.Generator().manual_seed(seed)
    centres = torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(99))
    labels = torch.arange(images) % CLASSES
    return Labelled(centres[labels] + spread * torch.randn(images, WIDTH, generator=dice), labels)


def error(head: heads.Head, data: Labelled) -> float:
    return (heads.logits_of(head, data.inputs).argmax(1) != data.labels).float().mean().item()


def test_heads_of_a_bank_learn_as_well_as_each_alone_and_only_from_their_own_pictures() -> None:
    data, others = clouds(240, 2.0), clouds(600, 2.0, seed=1)
    places = [torch.arange(0, 160), torch.arange(80, 240)]
    together = [heads.new_head(WIDTH, CLASSES, seed) for seed in (0, 1)]
    fit_many(together, data, places, 20, heads.LR, 16, heads.WD, seed=0)
    for head, own in zip(together, places, strict=True):
        alone = heads.new_head(WIDTH, CLASSES, 0)
        some = Labelled(data.inputs[own], data.labels[own])
        heads.fit(alone, some, some, 20, heads.LR, 16, heads.WD, 0, lambda epoch: None)
        assert error(head, others) == pytest.approx(error(alone, others), abs=0.06)
        assert error(head, others) < 0.3

    changed = Labelled(data.inputs.clone(), data.labels)
    changed.inputs[200:] = 1e3  # which only the second learns from
    again = [heads.new_head(WIDTH, CLASSES, seed) for seed in (0, 1)]
    fit_many(again, changed, places, 20, heads.LR, 16, heads.WD, seed=0)
    assert torch.equal(again[0].linear.weight, together[0].linear.weight)
    assert not torch.equal(again[1].linear.weight, together[1].linear.weight)


def test_bank_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with threads_of(heads.new_head(WIDTH, CLASSES, 0)):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("many", [5000, 10])
def test_every_picture_is_held_out_once_and_copies_stay_together(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossfit, "MANY", many)
    data = clouds(90)
    relatives = np.arange(90) // 3 * 3  # three of a kind
    asked: list[list[int]] = []

    def train(data: Labelled, places: list[torch.Tensor]) -> list[heads.Head]:
        asked.extend(here.tolist() for here in places)
        return [heads.new_head(WIDTH, CLASSES, 0) for _ in places]

    found = hold_out(data, relatives, CLASSES, train)
    assert found.images == 90
    rest = [sorted(set(range(90)) - set(here)) for here in asked]
    assert sorted(chain.from_iterable(rest)) == list(range(90))
    for here, there in zip(asked, rest, strict=True):
        assert not set(relatives[here]) & set(relatives[there])


def test_boasting_heads_get_a_temperature_and_modest_ones_none() -> None:
    data = clouds(600, 4.0)

    def train_for(epochs: int, wd: float) -> HeldOut:
        def train(data: Labelled, places: list[torch.Tensor]) -> list[heads.Head]:
            trained = [heads.new_head(WIDTH, CLASSES, 0) for _ in places]
            fit_many(trained, data, places, epochs, 0.1, 32, wd, seed=0)
            return trained

        return hold_out(data, np.arange(600), CLASSES, train)

    assert train_for(60, 0.0).temperature > train_for(5, 0.5).temperature


def test_what_was_found_is_kept_for_this_head_alone(tmp_path: Path) -> None:
    found = HeldOut(100, 0.9, 1.2, 0.7)
    crossfit.save(tmp_path, "a", found)
    assert crossfit.load(tmp_path, "a") == found
    assert crossfit.load(tmp_path, "b") is None
    for damaged in ("", "{", "[]", json.dumps({"of": "a", "images": 1})):
        (tmp_path / crossfit.KEPT).write_text(damaged)
        assert crossfit.load(tmp_path, "a") is None
    crossfit.save(tmp_path / "nowhere", "a", found)  # it only saves time


def test_learner_asks_once_and_again_after_training_on(digits: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits))
    assert learner.temperature == 1, "nothing was trained"
    learner.fit_one_cycle(2, tell=lambda line: None)
    first = learner.held_out
    kept = learner.run / crossfit.KEPT
    assert json.loads(kept.read_text())["temperature"] == first.temperature
    learner.fit_one_cycle(2, tell=lambda line: None)
    assert learner.held_out is not first
    assert json.loads(kept.read_text())["temperature"] == learner.held_out.temperature


def test_fine_tuned_body_is_made_less_sure_at_most_and_its_page_says_so(digits: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits), size=64)
    learner.fine_tune(1, tell=lambda line: None)
    assert learner.temperature >= 1
    page = report_of(learner).render()
    assert "fine-tuned body knew these pictures" in page
    assert "not known of a fine-tuned network" in page
