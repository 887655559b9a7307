"""A machine with GPUs: they are used when that is asked for, and left alone otherwise. Needs none."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import whatsit as wi
from whatsit.finetune.network import has_bf16
from whatsit.finetune.timm_backbones import load_backbone


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four GPUs whose random numbers nobody may touch."""

    def touched(*_: object) -> None:
        raise AssertionError("a GPU was touched")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    for name in ("get_rng_state", "set_rng_state", "manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, touched)


@pytest.mark.usefixtures("four_gpus")
def test_training_on_the_cpu_touches_no_gpu(digits: Path, cache: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=64, device="cpu")
    learner.fit_one_cycle(1)
    learner.lr_find()
    load_backbone("resnet10t", 64, pretrained=False)


@pytest.mark.parametrize(("major", "is_there"), [(7, False), (8, True), (9, True)])
def test_bf16_is_used_where_the_gpu_computes_in_it_and_not_where_it_is_emulated(
    major: int, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(major=major))
    monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda device: True)
    assert has_bf16(torch.device("cuda")) is is_there
    assert not has_bf16(torch.device("cpu"))
