"""Backbone and head as one network in PyTorch, for when the backbone is trained too."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from whatsit.config import Device
from whatsit.errors import WeightsError, WhatsitError
from whatsit.finetune import GROUPS
from whatsit.finetune.depthwise import avoid_building
from whatsit.finetune.head import Head
from whatsit.finetune.optimizer import AdamW
from whatsit.finetune.seeds import seeded
from whatsit.i18n import Message
from whatsit.labeled import Labeled

MAX_NORM = 1.0  # of the gradients: larger ones are clipped to it
EPS = 1e-5  # of AdamW


def torch_device(device: Device) -> torch.device:
    """Where a network is trained: a GPU where there is one. Raises WhatsitError where there is none."""
    is_there = torch.cuda.is_available()
    if device == "cuda" and not is_there:
        raise WhatsitError(Message("backbone.no_gpu"))
    return torch.device("cuda" if is_there and device != "cpu" else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether it is a GPU that computes in bf16. Older ones emulate it, which is slower than fp32."""
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))


class Network(nn.Module):
    """Pixels uint8 (n, size, size, 3) to logits (n, classes).

    Its groups are the backbone's early layers, its late ones, and the head; the first `frozen` of them stay
    as they are. A pretrained backbone is `settled`: its BatchNorm keeps the statistics of the millions of
    pictures it comes from, which a few batches would only make worse. `transform` changes pictures,
    float (n, 3, size, size) from 0 to 255, while the network is trained. Call `begin` before a training.
    """

    def __init__(self, backbone: nn.Module, head: Head, settled: bool = True) -> None:
        super().__init__()
        facts: Any = backbone.pretrained_cfg
        self.mean = nn.Buffer(torch.tensor(facts["mean"]).view(1, 3, 1, 1) * 255, persistent=False)
        self.std = nn.Buffer(torch.tensor(facts["std"]).view(1, 3, 1, 1) * 255, persistent=False)
        self.backbone, self.head = backbone, head
        self.transform: nn.Module | None = None
        self.settled, self.frozen = settled, 0
        self._early = _early(backbone)
        self._optimizer = AdamW([], 0.0, EPS)
        self._class_weights: torch.Tensor | None = None
        self.to(memory_format=torch.channels_last)
        avoid_building(backbone)

    def begin(self, wd: float, class_weights: NDArray[np.float32] | None = None) -> None:
        """Begin a training with weight decay `wd`; `class_weights` is what a picture of each class counts."""
        self._optimizer = AdamW(self.groups(), wd, EPS)
        self._class_weights = (
            None if class_weights is None else torch.from_numpy(class_weights).to(self._device)
        )

    @property
    def wd(self) -> float:
        """The weight decay of the current training."""
        return self._optimizer.weight_decay

    @wd.setter
    def wd(self, wd: float) -> None:
        self._optimizer.weight_decay = wd

    @contextmanager
    def in_training(self, noise: np.random.Generator) -> Iterator[None]:
        """Train in this block; dropout and `transform` draw from `noise`."""
        with seeded(int(noise.integers(2**62)), self._device):
            self.train()
            yield

    def step(self, batch: Labeled, lrs: Sequence[float], momentum: float) -> torch.Tensor:
        """Forward, backward, AdamW, with a learning rate for each group; the mean cross-entropy before it."""
        logits = self(self._sent(batch.inputs))
        labels = self._sent(batch.labels)
        plain = cross_entropy(logits, labels)
        weights = self._class_weights
        loss = plain if weights is None else cross_entropy(logits, labels, weights)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._optimizer.parameters, MAX_NORM)
        self._optimizer.step(lrs, momentum)
        return plain.detach()

    @torch.no_grad()
    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, classes) of pictures, in evaluation mode."""
        found: NDArray[np.float32] = self.eval()(self._sent(pixels)).cpu().numpy()
        return found

    def _sent(self, array: NDArray[Any]) -> torch.Tensor:
        """An array on the device. From pinned memory a GPU copies it while the next steps are prepared."""
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(tensor.isfinite().all()) for tensor in self.state_dict().values())

    def weights(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        named = self.state_dict().items()
        return {name: tensor.cpu().numpy() for name, tensor in named if not name.startswith("transform.")}

    def load_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `weights` gave. Raises WeightsError where names or shapes differ."""
        self.transform = None
        try:
            self.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise WeightsError(Message("backbone.other_weights")) from error

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on, but for its noise."""
        steps = {
            f"optimizer.{name}": tensor.cpu().numpy() for name, tensor in self._optimizer.state_dict().items()
        }
        return {f"network.{name}": array for name, array in self.weights().items()} | steps

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave. Raises WeightsError where names or shapes differ."""

        def part(name: str) -> dict[str, NDArray[Any]]:
            return {key.removeprefix(name): array for key, array in state.items() if key.startswith(name)}

        transform = self.transform
        self.load_weights(part("network."))
        self.transform = transform
        try:
            steps = {name: torch.from_numpy(array) for name, array in part("optimizer.").items()}
            self._optimizer.load_state_dict(steps)
        except (RuntimeError, KeyError) as error:
            raise WeightsError(Message("backbone.other_state")) from error

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits of pixels."""
        # Channels last is how they lie already.
        x = inputs.permute(0, 3, 1, 2).float()
        if self.training and self.transform is not None:
            x = self.transform(x).contiguous(memory_format=torch.channels_last)
        with self._mixed_precision():
            logits: torch.Tensor = self.head(self.backbone((x - self.mean) / self.std))
        return logits.float()

    @contextmanager
    def _mixed_precision(self) -> Iterator[None]:
        """bf16 where a GPU computes in it: the loss needs no scaling. On CPUs it measured no gain."""
        device = self._device
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device)):
            yield

    def freeze_to(self, group: int) -> None:
        """Leave the groups before `group` as they are; negative ones count from the end."""
        self.frozen = group % GROUPS
        for number, parameters in enumerate(self._groups()):
            for parameter in parameters:
                parameter.requires_grad_(number >= self.frozen)

    @property
    def _device(self) -> torch.device:
        return self.mean.device

    def groups(self) -> list[list[nn.Parameter]]:
        """The parameters of the groups that are trained."""
        return self._groups()[self.frozen :]

    def _groups(self) -> list[list[nn.Parameter]]:
        early: list[nn.Parameter] = []
        late: list[nn.Parameter] = []
        for name, parameter in self.backbone.named_parameters():
            (early if name in self._early else late).append(parameter)
        return [early, late, list(self.head.parameters())]

    def train(self, mode: bool = True) -> "Network":
        """Switch to training mode, without what is frozen or settled."""
        super().train(mode)
        for name, module in self.backbone.named_modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                is_frozen = self.frozen > (f"{name}.weight" not in self._early)
                module.train(mode and not self.settled and not is_frozen)
        if self.settled:
            self.head.norm.eval()
        return self


def _early(backbone: nn.Module) -> set[str]:
    """The names of the parameters in the first half of a backbone's layers, as timm orders them."""
    from timm.models import group_parameters

    matcher: Any = getattr(backbone, "group_matcher", None)
    if matcher is None:
        names = [name for name, _ in backbone.named_parameters()]
        return set(names[: len(names) // 2])
    layers = group_parameters(backbone, matcher(coarse=False), reverse=True)
    half = math.ceil(len(set(layers.values())) / 2) - 1
    order = sorted(set(layers.values()))
    return {name for name, layer in layers.items() if layer < order[half]}
