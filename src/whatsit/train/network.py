"""Body and head as one network in PyTorch, for when the body learns too."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import nn

from whatsit.errors import WhatsitError
from whatsit.train.head import Head
from whatsit.train.loop import Model

GROUPS = 3  # the body's early layers, its late ones, the head
Device = Literal["auto", "cpu", "cuda"]


def torch_device(device: Device) -> torch.device:
    """Where a network learns: a GPU where there is one. Raises WhatsitError where there is none."""
    if device not in get_args(Device):
        raise WhatsitError(f"There is no device {device!r}.", "Take auto, cpu or cuda.")
    is_there = torch.cuda.is_available()
    if device == "cuda" and not is_there:
        raise WhatsitError("There is no GPU that PyTorch can use.", "Take --device cpu.")
    return torch.device("cuda" if is_there and device != "cpu" else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether it is a GPU that computes in bf16. Older ones emulate it, which is slower than fp32."""
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))


class Network(Model):
    """Pixels uint8 (n, size, size, 3) to logits (n, classes).

    Its groups are the body's early layers, its late ones, and the head; the first `frozen` of them stay as
    they are. A pretrained body is `settled`: its BatchNorm keeps the statistics of the millions of pictures
    it comes from, which those of a few batches would only unsettle. `transform` changes pictures, float
    (n, 3, size, size) from 0 to 255, while the network learns.
    """

    steepest = 1.0
    eps = 1e-5

    def __init__(self, body: nn.Module, head: Head, settled: bool = True) -> None:
        super().__init__()
        facts: Any = body.pretrained_cfg
        self.mean = nn.Buffer(torch.tensor(facts["mean"]).view(1, 3, 1, 1) * 255, persistent=False)
        self.std = nn.Buffer(torch.tensor(facts["std"]).view(1, 3, 1, 1) * 255, persistent=False)
        self.body, self.head = body, head
        self.transform: nn.Module | None = None
        self.settled, self.frozen = settled, 0
        self._early = _early(body)
        self.to(memory_format=torch.channels_last)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits of pixels."""
        # Channels last is how they lie already.
        x = inputs.to(self.mean.device, non_blocking=True).permute(0, 3, 1, 2).float()
        if self.training and self.transform is not None:
            x = self.transform(x).contiguous(memory_format=torch.channels_last)
        with self._mixed_precision():
            logits: torch.Tensor = self.head(self.body((x - self.mean) / self.std))
        return logits.float()

    @contextmanager
    def _mixed_precision(self) -> Iterator[None]:
        """bf16 where a GPU computes in it: the loss needs no scaling. On CPUs it measured no gain."""
        device = self.mean.device
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device)):
            yield

    def freeze_to(self, group: int) -> None:
        """Leave the groups before `group` as they are; negative ones count from the end."""
        if not -GROUPS <= group < GROUPS:
            raise WhatsitError(
                f"There is no group {group} of layers.", f"Give a number from {-GROUPS} to {GROUPS - 1}."
            )
        self.frozen = group % GROUPS
        for number, parameters in enumerate(self._groups()):
            for parameter in parameters:
                parameter.requires_grad_(number >= self.frozen)

    def groups(self) -> list[list[nn.Parameter]]:
        """The parameters of the groups that learn."""
        return self._groups()[self.frozen :]

    def _groups(self) -> list[list[nn.Parameter]]:
        early: list[nn.Parameter] = []
        late: list[nn.Parameter] = []
        for name, parameter in self.body.named_parameters():
            (early if name in self._early else late).append(parameter)
        return [early, late, list(self.head.parameters())]

    def train(self, mode: bool = True) -> "Network":
        """Switch to learning, without what is frozen or settled."""
        super().train(mode)
        for name, module in self.body.named_modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                is_frozen = self.frozen > (f"{name}.weight" not in self._early)
                module.train(mode and not self.settled and not is_frozen)
        if self.settled:
            self.head.norm.eval()
        return self


def _early(body: nn.Module) -> set[str]:
    """The names of the parameters in the first half of a body's layers, as timm orders them."""
    from timm.models import group_parameters

    matcher: Any = getattr(body, "group_matcher", None)
    if matcher is None:
        names = [name for name, _ in body.named_parameters()]
        return set(names[: len(names) // 2])
    layers = group_parameters(body, matcher(coarse=False), reverse=True)
    half = math.ceil(len(set(layers.values())) / 2) - 1
    order = sorted(set(layers.values()))
    return {name for name, layer in layers.items() if layer < order[half]}
