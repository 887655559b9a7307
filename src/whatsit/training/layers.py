"""Backbone and head of a learner, and which of their layers are trained."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from whatsit.backbones import Backbone
from whatsit.config import LearnerConfig
from whatsit.events import working
from whatsit.extras import needing
from whatsit.finetune import GROUPS
from whatsit.i18n import Message
from whatsit.training.checks import require_group
from whatsit.training.heads import Heads
from whatsit.training.learning_rates import LearningRates, spread

if TYPE_CHECKING:
    from torch import nn

    from whatsit.finetune.network import Network


class Layers:
    """A converted `backbone`, as it is now, and a `head` on its features; without PyTorch until it is needed.

    The groups of layers are the backbone's early layers, its late ones, and the head. A `network` of all of
    them is made when layers of the backbone are to be trained.
    """

    def __init__(self, config: LearnerConfig, size: int, classes: int, backbone: Backbone) -> None:
        self._source = (config.backbone, size, config.weights, config.pretrained)
        self._config, self._size, self._classes = config, size, classes
        self.backbone, self.original = backbone, backbone.sha256
        self.network: Network | None = None
        self.head = self.fresh_head()

    def fresh_head(self) -> Heads:
        """A head that nothing was trained on."""
        return Heads(self.backbone.width, self._classes, [self._config.seed], self._config.ps)

    @property
    def is_pretrained(self) -> bool:
        """Whether the backbone came with weights."""
        return self._config.pretrained

    @property
    def is_plain(self) -> bool:
        """Whether it is lite0 as it came, without PyTorch."""
        is_lite0 = self._source[:1] + self._source[2:] == ("lite0", None, True)
        return is_lite0 and self.network is None

    @property
    def frozen_to(self) -> int | None:
        """How many groups stay as they are; None where no network was made yet."""
        return None if self.network is None else self.network.frozen

    @property
    def is_frozen(self) -> bool:
        """Whether only the head is trained."""
        return self.frozen_to in (None, GROUPS - 1)

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the backbone is another than it came."""
        return self.backbone.sha256 != self.original

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return self.head.is_finite and (self.network is None or self.network.is_finite)

    @property
    def trainable(self) -> "Heads | Network":
        """What is trained now."""
        return self.head if self.network is None or self.is_frozen else self.network

    def copy_to_try(self) -> "Heads | Network":
        """A copy of what is trained now."""
        if self.network is None or self.is_frozen:
            return self.head.copy()
        return deepcopy(self.network).to(self._torch_device)

    def lrs(self, lr: LearningRates) -> list[float]:
        """A learning rate for each group that is trained now. Raises WhatsitError."""
        return spread(lr, 1) if self.is_frozen else spread(lr, GROUPS)[self.frozen_to or 0 :]

    @property
    def groups(self) -> int:
        """How many groups are trained now."""
        return 1 if self.is_frozen else GROUPS - (self.frozen_to or 0)

    def is_frozen_by(self, group: int) -> bool:
        """Whether `freeze_to(group)` changes nothing. Raises WhatsitError for a group that there is not."""
        require_group(group)
        return self.network is None and group % GROUPS == GROUPS - 1

    def freeze_to(self, group: int) -> None:
        """Train only the groups from `group` on; negative ones count from the end."""
        network = self._in_torch()
        network.head.load(self.head.weights())
        network.freeze_to(group)

    def _in_torch(self) -> "Network":
        """Backbone and head as one network, made when it is first needed."""
        if self.network is None:
            with needing(Message("training.layers")):
                from whatsit.finetune.head import Head
                from whatsit.finetune.network import Network
                from whatsit.finetune.timm_backbones import load_backbone
            head = Head(self.backbone.width, self._classes, self._config.ps)
            self.network = Network(load_backbone(*self._source), head, settled=self.is_pretrained)
        return self.network

    def to_device(self) -> None:
        """Move the network to where it is trained."""
        if self.network is not None and not self.is_frozen:
            self.network.to(self._torch_device)

    @property
    def _torch_device(self) -> Any:
        from whatsit.finetune.network import torch_device

        return torch_device(self._config.device)

    def take_over_trained(self) -> None:
        """After a training: the head and the converted backbone become those of the network."""
        if self.network is not None and not self.is_frozen:
            self.head.load_weights(self.network.head.weights())
            self.convert()

    def convert(self) -> None:
        """Convert the backbone as it is now; from here on its features are what the engine computes."""
        from whatsit.finetune.timm_backbones import convert

        assert self.network is not None
        with working("converting"):
            self.network.cpu()
            own = convert(self.backbone.name, self._size, deepcopy(self.network.backbone).eval())
        self.backbone = replace(own, preprocess=self.backbone.preprocess)

    @property
    def module(self) -> "nn.Module":
        """The backbone in PyTorch, as it is now."""
        return self._untouched if self.network is None else self.network.backbone

    @cached_property
    def _untouched(self) -> "nn.Module":
        from whatsit.finetune.timm_backbones import load_backbone

        return load_backbone(*self._source)

    def weights(self) -> dict[str, NDArray[Any]]:
        """The weights of the head, or of the whole network once there is one, by name."""
        weights: dict[str, NDArray[Any]] = dict(self.head.weights())
        if self.network is None:
            return weights
        if self.is_frozen:  # else it is the network's own head that is trained
            self.network.head.load(self.head.weights())
        return self.network.weights()

    def load_weights(self, weights: Mapping[str, NDArray[Any]], frozen: int | None, is_tuned: bool) -> None:
        """Take over what `weights` gave, when so many groups were `frozen`; the backbone as if it were fresh.

        Raises WeightsError where names or shapes are others, and WhatsitError for groups that there are not.
        """
        if frozen is None:
            self.head.load_weights(weights)
            return
        require_group(frozen)
        network = self._in_torch()
        network.freeze_to(frozen)
        network.load_weights(weights)
        self.head.load_weights(network.head.weights())
        if is_tuned:  # else the backbone is as it came
            self.convert()
