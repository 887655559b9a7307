"""Many heads at once, each on pictures of its own: a single one mostly waits for its next step to begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from whatsit.train import loop
from whatsit.train.head import Balance, Head, chosen, class_weights, shuffled, steps_of
from whatsit.train.loop import Labelled, Model
from whatsit.train.schedules import OneCycle


class Bank(Model):
    """Features (n, heads, width) to logits (n * heads, classes); every head has its own weights."""

    threads = Head.threads

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        linear = heads[0].linear
        self.eps = Model.eps / len(heads)  # of a mean over all heads each one gets a part
        self.norm = nn.BatchNorm1d(len(heads) * linear.in_features)
        self.dropout = nn.Dropout(heads[0].dropout.p)
        self.weight = nn.Parameter(torch.stack([head.linear.weight.detach() for head in heads]))
        self.bias = nn.Parameter(torch.stack([head.linear.bias.detach() for head in heads]))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        own = self.dropout(self.norm(features.flatten(1))).view_as(features)
        logits = torch.einsum("nhw,hcw->nhc", own, self.weight) + self.bias
        return logits.flatten(0, 1)

    @torch.no_grad()
    def give_back(self, heads: Sequence[Head]) -> None:
        """Put into each head what it has become."""
        for number, head in enumerate(heads):
            head.linear.weight.copy_(self.weight[number])
            head.linear.bias.copy_(self.bias[number])
            for name, tensor in head.norm.state_dict().items():
                whole = self.norm.state_dict()[name]
                tensor.copy_(whole.view(len(heads), -1)[number] if whole.ndim else whole)


@dataclass(frozen=True)
class Decks:
    """Features to learn from, in several views as in head.Deck, and the `places` each head learns from.

    So that batches are equally large, an epoch shows every head as many pictures as the one with the fewest.
    """

    features: torch.Tensor
    labels: torch.Tensor
    batch_size: int
    places: Sequence[torch.Tensor]

    @property
    def _fewest(self) -> int:
        return min(map(len, self.places))

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return steps_of(self._fewest, self.batch_size)

    def epoch(self, order: torch.Generator) -> Iterator[Labelled]:
        """Batches of features (n, heads, width) and labels (n * heads,)."""
        n = len(self.labels)
        dealt = []
        for places in self.places:
            some = places[torch.randperm(len(places), generator=order)[: self._fewest]]
            dealt.append(shuffled(some, self.steps, order))
        for batches in zip(*dealt, strict=True):
            batch = torch.stack(batches, dim=1)
            view = torch.randint(len(self.features) // n, batch.shape, generator=order)
            yield Labelled(self.features[batch + n * view], self.labels[batch].flatten())


def fit_many(
    heads: Sequence[Head],
    data: Labelled,
    places: Sequence[torch.Tensor],
    epochs: int,
    lr: float,
    batch_size: int,
    wd: float,
    seed: int,
    balance: Balance | None = None,
) -> None:
    """Train each head by one cycle on its own `places` in `data`, which may hold several views of all."""
    own = [each[chosen(data.labels[each], balance)] for each in places]
    decks, bank = Decks(data.inputs, data.labels, batch_size, own), Bank(heads)
    unseen = Labelled(torch.zeros(1, heads[0].linear.out_features), torch.zeros(1, dtype=torch.int64))
    weight = class_weights(data.labels) if balance == "loss" else None
    loop.fit(
        bank,
        decks,
        lambda: unseen,  # nobody looks
        epochs,
        OneCycle(epochs * decks.steps),
        [lr],
        wd,
        seed,
        lambda epoch: None,
        weight=weight,
    )
    bank.give_back(heads)
