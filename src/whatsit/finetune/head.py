"""The head in PyTorch, for training it with its backbone, and for gradients through it."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn


class Head(nn.Module):
    """Features (n, width) to logits (n, classes), as `training.Heads` does it."""

    def __init__(self, width: int, classes: int, ps: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(ps)
        self.linear = nn.Linear(width, classes)

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[Any]], ps: float = 0.0) -> "Head":
        """A head with the weights that `Heads.weights` gives."""
        classes, width = weights["linear.weight"].shape
        head = cls(width, classes, ps)
        head.load(weights)
        return head

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of features."""
        logits: torch.Tensor = self.linear(self.dropout(self.norm(features)))
        return logits

    def load(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take over the weights that `Heads.weights` gives."""
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        self.load_state_dict(tensors | {"norm.num_batches_tracked": torch.tensor(0)})

    def weights(self) -> dict[str, NDArray[Any]]:
        """The weights for `Heads.load_weights`."""
        named = self.state_dict().items()
        return {name: tensor.cpu().numpy() for name, tensor in named if name != "norm.num_batches_tracked"}
