"""Depthwise convolutions on a GPU, without waiting until kernels for them are built."""

from typing import Any

import torch
from torch import nn

SMALL = 64  # pictures in a batch, at most; with more, cuDNN's kernels take half the time


def avoid_building(network: nn.Module) -> None:
    """Have PyTorch's own kernels compute a network's depthwise convolutions of small batches on a GPU.

    Where channels lie last, PyTorch leaves them to cuDNN, which builds kernels for every layer and batch
    size: 10 to 15 seconds for EfficientNet-Lite0, longer than the rest of a short training. PyTorch's own
    take channels first, in weights too. They are slower, but small batches leave a GPU waiting anyway.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels:
            module.weight.data = module.weight.data.clone(memory_format=torch.contiguous_format)
            module.register_forward_pre_hook(_channels_first)
            module.register_forward_hook(_channels_last)


def _channels_first(_: nn.Module, inputs: tuple[Any, ...]) -> torch.Tensor:
    pixels: torch.Tensor = inputs[0]
    return pixels.contiguous() if _is_small(pixels) else pixels


def _channels_last(_: nn.Module, __: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
    return output.contiguous(memory_format=torch.channels_last) if _is_small(output) else output


def _is_small(pixels: torch.Tensor) -> bool:
    return pixels.is_cuda and len(pixels) <= SMALL
