"""torch's AdamW without its class, whose first use imports torch.compile's machinery (about 5 seconds)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import nn
from torch.optim.adamw import adamw


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019) over groups of parameters.

    Each step takes a learning rate for each group. A larger `eps` leaves alone what hardly matters.
    """

    def __init__(self, groups: Sequence[Iterable[nn.Parameter]], weight_decay: float, eps: float) -> None:
        self.weight_decay, self.eps = weight_decay, eps
        self._groups = [_Group(list(parameters)) for parameters in groups]

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self._groups for parameter in group.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, torch.Tensor]:
        """What it remembers of the steps so far."""
        return dict(self._state())

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Remember what another one did that had the same groups."""
        for name, tensor in self._state():
            tensor.copy_(state[name])

    def _state(self) -> Iterator[tuple[str, torch.Tensor]]:
        for number, group in enumerate(self._groups):
            for what in ("means", "squares", "steps"):
                for place, tensor in enumerate(getattr(group, what)):
                    yield f"{number}.{what}.{place}", tensor

    @torch.no_grad()
    def step(self, lrs: Sequence[float], momentum: float) -> None:
        """Move every parameter that has a gradient."""
        for group, lr in zip(self._groups, lrs, strict=True):
            moved = [n for n, parameter in enumerate(group.parameters) if parameter.grad is not None]
            adamw(
                [group.parameters[n] for n in moved],
                [gradient for parameter in group.parameters if (gradient := parameter.grad) is not None],
                [group.means[n] for n in moved],
                [group.squares[n] for n in moved],
                [],
                [group.steps[n] for n in moved],
                fused=group.is_fused,
                amsgrad=False,
                beta1=momentum,
                beta2=0.99,
                lr=lr,
                weight_decay=self.weight_decay,
                eps=self.eps,
                maximize=False,
            )


class _Group:
    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        self.means = [torch.zeros_like(parameter) for parameter in parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in parameters]
        # On a GPU one kernel for all parameters, which counts the steps there; on a CPU nothing waits for it.
        self.is_fused = any(parameter.is_cuda for parameter in parameters)
        self.steps = [torch.tensor(0.0, device=each.device) for each in parameters]
