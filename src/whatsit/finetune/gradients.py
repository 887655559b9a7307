"""Heat maps by gradients, for bodies and heads whose class activation map is not exact."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam
from numpy.typing import NDArray
from torch import nn

from whatsit.errors import BackboneError
from whatsit.finetune.head import Head
from whatsit.i18n import Message

BATCH = 16  # pictures at a time: a batch's activations behind the map stay in memory


class _NoMapError(Exception):
    """A layer's output has no height and width, or is not used."""


def gradient_maps(
    backbone: nn.Module, head: Head, pixels: NDArray[np.uint8], classes: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Where each picture speaks for a class, by Grad-CAM.

    `backbone` is as `load_backbone` gives it, on the CPU, `pixels` (n, size, size, 3), `classes` (n,) the
    class to explain for each. Returns (n, h, w), the last activations weighted by the mean gradient of the
    class's logit. As in the original only the positive part is kept: 0 where nothing speaks for the class,
    and no upper limit. The map lies where the logits still depend on every place of it, as near to the head
    as it may: behind class tokens that is a block earlier. Raises BackboneError where there is no such
    place.
    Source: Selvaraju et al. 2017, "Grad-CAM", with captum.
    """
    if len(pixels) == 0:
        return np.zeros((0, 0, 0), np.float32)
    with _still(backbone, head):
        explained = next((each for each in _places(backbone, head) if _speaks(each, pixels, classes)), None)
        if explained is None:
            name = backbone.pretrained_cfg["architecture"]  # type: ignore[index]
            raise BackboneError(Message("backbone.no_heat_map", name=name))
        starts = range(0, len(pixels), BATCH)
        maps = [explained.maps(pixels[at : at + BATCH], classes[at : at + BATCH]) for at in starts]
    found: NDArray[np.float32] = torch.cat(maps).relu().numpy()
    return found


class _Explained(nn.Module):
    """Backbone and head as one; what `layer` gives (None: the backbone) passes through `spot` as a map."""

    def __init__(self, backbone: Any, head: Head, layer: nn.Module | None, channels: int) -> None:
        super().__init__()
        self.backbone, self.head, self.layer, self.channels = backbone, head, layer, channels
        self.spot = nn.Identity()
        self.mean = torch.tensor(backbone.pretrained_cfg["mean"]).view(1, 3, 1, 1) * 255
        self.std = torch.tensor(backbone.pretrained_cfg["std"]).view(1, 3, 1, 1) * 255

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passed = False
        if self.layer is None:
            last = self._through(self.backbone.forward_features(x))
        else:
            with self.layer.register_forward_hook(lambda layer, inputs, output: self._through(output)):
                last = self.backbone.forward_features(x)
        if not self.passed:
            raise _NoMapError
        logits: torch.Tensor = self.head(self.backbone.forward_head(last, pre_logits=True))
        return logits

    def maps(self, pixels: NDArray[np.uint8], classes: NDArray[np.int64]) -> torch.Tensor:
        """Grad-CAM with both signs, (n, h, w)."""
        x = (torch.tensor(pixels).permute(0, 3, 1, 2).float() - self.mean) / self.std
        cam = LayerGradCam(self, self.spot)
        maps: torch.Tensor = cam.attribute(x, torch.tensor(classes))
        return maps.detach().squeeze(1)

    def _through(self, x: Any) -> torch.Tensor:
        """Pass `spot` as (n, channels, h, w), and return as it was."""
        if not isinstance(x, torch.Tensor) or x.ndim not in (3, 4):
            raise _NoMapError
        if x.ndim == 4:
            is_last = x.shape[3] == self.channels != x.shape[1]
            if is_last or getattr(self.backbone, "output_fmt", None) == "NHWC":
                return self._mapped(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
            return self._mapped(x)
        prefix = self._prefix(x.shape[1])
        side = math.isqrt(x.shape[1] - prefix)
        patches = x[:, prefix:].transpose(1, 2).reshape(len(x), -1, side, side)
        return torch.cat([x[:, :prefix], self._mapped(patches).flatten(2).transpose(1, 2)], 1)

    def _mapped(self, x: torch.Tensor) -> torch.Tensor:
        if min(x.shape[2:]) < 2:
            raise _NoMapError
        self.passed = True
        # What comes next may work in place, but must not change the tensor whose gradient is computed.
        found: torch.Tensor = self.spot(x).clone()
        return found

    def _prefix(self, tokens: int) -> int:
        """How many tokens stand before those of the patches, which form a square."""
        for prefix in (getattr(self.backbone, "num_prefix_tokens", 0), 0):
            if tokens > prefix and math.isqrt(tokens - prefix) ** 2 == tokens - prefix:
                return int(prefix)
        raise _NoMapError


def _places(backbone: Any, head: Head) -> Iterator[_Explained]:
    """Where a map may lie: behind the whole backbone, then behind its stages from the last to the first."""
    yield _Explained(backbone, head, None, backbone.num_features)
    modules = dict(backbone.named_modules())
    for stage in reversed(list(getattr(backbone, "feature_info", []))):
        if stage.get("module") in modules:
            yield _Explained(backbone, head, modules[stage["module"]], stage["num_chs"])


def _speaks(explained: _Explained, pixels: NDArray[np.uint8], classes: NDArray[np.int64]) -> bool:
    """Whether there is a map here and the logits depend on it."""
    try:
        return bool(explained.maps(pixels[:1], classes[:1]).any())
    except _NoMapError:
        return False


@contextmanager
def _still(*modules: nn.Module) -> Iterator[None]:
    """Evaluate without gradients of parameters, then leave everything as it was."""
    modes = {part: part.training for module in modules for part in module.modules()}
    learning = [each for module in modules for each in module.parameters() if each.requires_grad]
    try:
        for module in modules:
            module.eval()
        for parameter in learning:
            parameter.requires_grad_(False)
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode
        for parameter in learning:
            parameter.requires_grad_(True)
