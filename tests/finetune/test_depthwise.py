"""Depthwise convolutions: small batches on a GPU lie as PyTorch's own kernels take them. Needs no GPU."""

from unittest.mock import Mock

import pytest
import timm
import torch
from torch import nn

from whatsit.finetune.depthwise import SMALL, avoid_building


def depthwise_in(network: nn.Module) -> list[nn.Conv2d]:
    return [one for one in network.modules() if isinstance(one, nn.Conv2d) and one.groups > 1]


@pytest.mark.parametrize(
    ("is_cuda", "pictures", "is_changed"),
    [(True, 1, True), (True, SMALL, True), (True, SMALL + 1, False), (False, 1, False)],
)
def test_small_batches_on_a_gpu_change_their_layout_and_no_others(
    is_cuda: bool, pictures: int, is_changed: bool
) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, groups=4))
    avoid_building(network)
    assert not network[0]._forward_pre_hooks
    (first,), (last,) = network[1]._forward_pre_hooks.values(), network[1]._forward_hooks.values()
    batch = Mock(is_cuda=is_cuda, __len__=Mock(return_value=pictures), spec=torch.Tensor)
    found = first(network[1], (batch,)), last(network[1], (batch,), batch)
    if is_changed:
        assert [call.kwargs for call in batch.contiguous.call_args_list] == [
            {},
            {"memory_format": torch.channels_last},
        ]
    assert (found == (batch, batch)) is not is_changed


def test_network_computes_the_same_and_its_depthwise_weights_lie_channels_first() -> None:
    network = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    network.to(memory_format=torch.channels_last)
    pixels = torch.rand(2, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        before = network(pixels)
        avoid_building(network)
        assert torch.equal(network(pixels), before)
    layers = depthwise_in(network)
    assert len(layers) == 16
    for layer in layers:
        side = layer.kernel_size[0]
        assert layer.weight.stride() == (side * side, side * side, side, 1)
