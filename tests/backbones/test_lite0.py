"""The backbone that needs no PyTorch: it is timm's, number for number, and its weight file runs no code."""

import collections
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from tests.conftest import WHOLE
from whatsit.backbones import load_lite0
from whatsit.backbones.lite0 import read_weights
from whatsit.backbones.torch_file import MAGIC, VERSION, read_tensors
from whatsit.engine import Engine
from whatsit.finetune.timm_backbones import load_backbone

PHOTOS = 100 if WHOLE else 5


def saved(content: object) -> bytes:
    """As PyTorch wrote weight files before version 1.6."""
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("size", [224, 225, 320])
def test_features_are_those_of_timm(clothing: Path, size: int) -> None:
    backbone = load_lite0(size)
    paths = sorted(clothing.glob("*/*/*.jpg"))[:: 1713 // PHOTOS][:PHOTOS]
    pixels = np.stack([backbone.preprocess.load(path) for path in paths])
    found = Engine(backbone.network, "fp32")(pixels)
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.inference_mode():
        body = load_backbone("lite0", size)
        assert np.abs(body(x).numpy() - found["features"]).max() < 1e-4
        assert np.abs(body.forward_features(x).numpy() - found["feature_map"]).max() < 1e-3


def test_preprocessing_is_timms_but_for_the_crop() -> None:
    facts, own = timm.get_pretrained_cfg("tf_efficientnet_lite0"), load_lite0(96).preprocess
    assert (own.mean, own.std, own.interpolation) == (facts.mean, facts.std, facts.interpolation)
    assert (own.size, own.crop_pct) == (96, 1.0)


def test_weights_are_those_that_pytorch_reads() -> None:
    from whatsit.backbones.lite0 import weight_file

    file = weight_file()
    assert file is not None
    tensors = torch.load(file, weights_only=True)
    own = read_weights()
    assert list(own) == list(tensors)
    assert all(np.array_equal(own[name], tensor.numpy()) for name, tensor in tensors.items())


def test_tensors_of_any_shape_and_layout_are_read() -> None:
    whole = torch.arange(24, dtype=torch.float32).view(2, 3, 4)
    tensors = {
        "turned": whole.permute(2, 0, 1),
        "part": whole[1, 1:],
        "number": torch.tensor(7),
        "vector": torch.ones(3),
    }
    own = read_tensors(saved(collections.OrderedDict(tensors)))
    assert all(np.array_equal(own[name], tensor.numpy()) for name, tensor in tensors.items())


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("/tmp/whatsit-was-here",)


def test_weight_file_that_would_run_code_is_refused_and_runs_none() -> None:
    with pytest.raises(ValueError, match=r"it names posix\.mkdir|it names nt\.mkdir"):
        read_tensors(saved({"weight": Evil()}))
    assert not Path("/tmp/whatsit-was-here").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no weight file at all",
        pickle.dumps(MAGIC) + pickle.dumps(VERSION + 1) + pickle.dumps({}) * 3,
        pickle.dumps(MAGIC) + pickle.dumps(VERSION) + pickle.dumps(3) * 3,
        saved({"weight": torch.ones(9)})[:-8],
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_tensors(data)


def test_tensor_beyond_its_storage_is_refused() -> None:
    data = saved({"weight": torch.ones(9)})
    assert data.count(b"K\tK") == 0
    with pytest.raises(ValueError, match="reaches beyond"):
        read_tensors(data.replace(b"K\x00K\t\x85", b"K\x00K\x7f\x85"))
