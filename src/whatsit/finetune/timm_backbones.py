"""Pretrained backbones of timm, and their conversion to ONNX."""

import difflib
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnx
import timm
import torch
from safetensors.torch import load_file
from torch import nn

from whatsit.backbones import Backbone
from whatsit.backbones.lite0 import read_weights, weight_file
from whatsit.backbones.weight_files import LITE0_ARCHITECTURE, local_weights
from whatsit.errors import BackboneError, WhatsitError
from whatsit.finetune.seeds import seeded
from whatsit.i18n import Message
from whatsit.network_check import require_allowed
from whatsit.preprocess import Preprocess
from whatsit.trial import require_exportable


def load_backbone(
    name: str = "lite0", size: int = 224, weights: str | Path | None = None, pretrained: bool = True
) -> nn.Module:
    """A backbone as timm builds it, in PyTorch. Raises BackboneError.

    It does so for an unknown name, wrong weights, and a hub that can't be reached.
    """
    return _build(name, size, local_weights(name, weights) if pretrained else None, pretrained)


def _build(name: str, size: int, file: Path | None, pretrained: bool) -> nn.Module:
    architecture = LITE0_ARCHITECTURE if name == "lite0" else name
    if architecture not in timm.list_models() and architecture not in timm.list_pretrained():
        near = difflib.get_close_matches(
            architecture, ["lite0", *timm.list_models(), *timm.list_pretrained()], n=3, cutoff=0.5
        )
        advice = Message("backbone.did_you_mean", names=near) if near else Message("backbone.try_lite0")
        raise BackboneError(Message("backbone.unknown", name=name, advice=advice))
    from_package = name == "lite0" and pretrained and file is None and weight_file() is not None
    from_hub = pretrained and file is None and not from_package
    facts = timm.get_pretrained_cfg(architecture)
    if from_hub and not facts.has_weights:
        raise BackboneError(Message("backbone.no_weights", name=name))
    options: dict[str, Any] = {"img_size": size} if facts.fixed_input_size and file is None else {}
    try:
        if from_hub:
            _require_hub(facts.hf_hub_id)
        with seeded(0):
            made = timm.create_model(architecture, pretrained=from_hub, num_classes=0, **options)
            backbone: nn.Module = made
    except Exception as error:  # the hub's client raises many kinds
        if not from_hub:
            raise _impossible(name, size, facts.input_size, error) from error
        raise BackboneError(Message("backbone.not_fetched", name=name, reason=_why(error))) from error
    if from_package:
        _load_lite0(backbone)
    elif file is not None:
        _load_file(backbone, file, name)
        if facts.fixed_input_size and size != facts.input_size[-1]:
            backbone.set_input_size(size)  # type: ignore[operator]
    return backbone.eval()


def _why(error: Exception) -> Message | str:
    """Why the hub gave no weights."""
    if isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.errno:
        return error.strerror or str(error)
    return Message("backbone.no_answer", kind=type(error).__name__)


def _require_hub(repository: str | None) -> None:
    """Raise at once where the hub can't be reached: its client would try for nearly a minute."""
    from huggingface_hub import constants, get_session, try_to_load_from_cache

    if repository and isinstance(try_to_load_from_cache(repository, "model.safetensors"), str):
        return
    get_session().head(constants.ENDPOINT, timeout=10)


def _impossible(name: str, size: int, own: tuple[int, ...], error: Exception) -> BackboneError:
    reason: Exception | str = error
    if not isinstance(error, WhatsitError):
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    if size != own[-1]:
        return BackboneError(Message("backbone.size", name=name, size=size, reason=reason, own=own[-1]))
    return BackboneError(Message("backbone.unusable", name=name, reason=reason))


def _load_lite0(backbone: nn.Module) -> None:
    # The package's 296 tensors have other names, but timm's order; the last two are the classifier's.
    tensors = (torch.from_numpy(array.copy()) for array in read_weights().values())
    backbone.load_state_dict(dict(zip(backbone.state_dict(), tensors, strict=False)))


def _load_file(backbone: nn.Module, file: Path, name: str) -> None:
    try:
        if file.suffix == ".safetensors":
            tensors = load_file(file)
        else:
            tensors = torch.load(file, map_location="cpu", weights_only=True)
        own_names = set(backbone.state_dict())
        backbone.load_state_dict({key: tensor for key, tensor in tensors.items() if key in own_names})
    except Exception as error:  # of many kinds; torch's own words advise what is unsafe
        is_other = isinstance(error, RuntimeError) and "state_dict" in str(error)
        reason = Message("backbone.other_tensors" if is_other else "backbone.not_weights")
        raise BackboneError(Message("backbone.other_file", path=file, name=name, reason=reason)) from error


def convert(name: str, size: int, backbone: Any) -> Backbone:
    """A timm backbone, on the CPU and in evaluation mode, as ONNX. Raises BackboneError where it can't be."""
    facts = backbone.pretrained_cfg
    mean, std = torch.tensor(facts["mean"]) * 255, torch.tensor(facts["std"]) * 255

    class Network(nn.Module):
        def __init__(self, with_map: bool) -> None:
            super().__init__()
            self.backbone, self.with_map = backbone, with_map
            self.mean = nn.Buffer(mean.view(1, 3, 1, 1))
            self.std = nn.Buffer(std.view(1, 3, 1, 1))

        def forward(self, pixels: torch.Tensor) -> Any:
            x = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
            last = backbone.forward_features(x)
            if self.with_map:
                return last.mean((2, 3)), last
            return backbone.forward_head(last, pre_logits=True)

    sample = torch.randint(
        0, 256, (2, size, size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    try:
        with torch.inference_mode():
            features = Network(False)(sample)
            last = backbone.forward_features(torch.zeros(1, 3, size, size))
            has_map = last.ndim == 4 and last.shape[1] == features.shape[1]
            if has_map:
                has_map = torch.allclose(Network(True)(sample)[0], features, rtol=1e-4, atol=1e-4)
        network = _export(
            Network(has_map).eval(), sample, ["features", "feature_map"] if has_map else ["features"]
        )
        require_exportable(network)  # now, and not after a training
    except OSError as error:
        reason, folder = error.strerror or error, tempfile.gettempdir()
        message = Message("backbone.not_converted", name=name, reason=reason, folder=folder)
        raise BackboneError(message) from error
    except Exception as error:
        raise _impossible(name, size, facts["input_size"], error) from error
    preprocess = Preprocess(
        size=size,
        crop_pct=1.0 if name == "lite0" else facts.get("crop_pct") or 1.0,
        interpolation=facts["interpolation"]
        if facts["interpolation"] in ("bilinear", "bicubic")
        else "bicubic",
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
    )
    return Backbone(name, int(features.shape[1]), preprocess, network)


def _export(network: nn.Module, sample: Any, outputs: list[str]) -> bytes:
    names: dict[str, Any] = {"input_names": ["pixels"], "output_names": outputs}
    axes = {"pixels": {0: "n"}, **{name: {0: "n"} for name in outputs}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "network.onnx"
        try:
            torch.onnx.export(
                network, (sample,), file, dynamo=False, opset_version=17, dynamic_axes=axes, **names
            )
            require_allowed(file.read_bytes())
            model = onnx.load(file)
        except OSError:
            raise
        except Exception:  # what the quick exporter can't trace, or not without an If, the thorough one may
            shapes = ({0: torch.export.Dim("n")},)
            program = torch.onnx.export(
                network, (sample,), dynamo=True, dynamic_shapes=shapes, verbose=False, **names
            )
            assert program is not None
            model = program.model_proto
    model.doc_string, model.producer_name, model.producer_version = "", "whatsit", ""
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))
