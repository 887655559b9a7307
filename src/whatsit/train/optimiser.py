"""torch's AdamW without its class, whose first use imports torch.compile's machinery (about 5 seconds)."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.adamw import adamw


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); the rate comes with each step."""

    def __init__(self, parameters: Iterable[nn.Parameter], weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        self._means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._steps = [torch.tensor(0.0) for _ in self.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float, momentum: float) -> None:
        """Move every parameter that has a gradient, all do after a backward pass."""
        adamw(
            list(self.parameters),
            [parameter.grad for parameter in self.parameters if parameter.grad is not None],
            self._means,
            self._squares,
            [],
            self._steps,
            amsgrad=False,
            beta1=momentum,
            beta2=0.99,
            lr=lr,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )
