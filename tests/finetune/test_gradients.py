import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from whatsit.engine import Engine
from whatsit.errors import BackboneError
from whatsit.finetune.gradients import BATCH, gradient_maps
from whatsit.finetune.head import Head
from whatsit.finetune.timm_backbones import convert, load_backbone
from whatsit.training.export import with_head
from whatsit.training.heads import Heads

CLASSES = 4
KINDS = [
    ("resnet18", 64, (2, 2)),
    ("convnext_atto", 96, (3, 3)),
    ("mobilenetv3_small_050", 96, (3, 3)),
    ("swin_tiny_patch4_window7_224", 224, (7, 7)),
    ("mixer_s32_224", 224, (7, 7)),
    ("vit_tiny_patch16_224", 96, (6, 6)),
    ("deit_tiny_distilled_patch16_224", 96, (6, 6)),
    ("cait_xxs24_224", 64, (4, 4)),
]


def body_of(name: str, size: int) -> nn.Module:
    return load_backbone(name, size, pretrained=False)


def head_for(body: nn.Module, size: int) -> Head:
    """A head that has seen features: its BatchNorm does something."""
    with torch.no_grad():
        width = body(torch.zeros(1, 3, size, size)).shape[1]
    head = Head.of(Heads(width, CLASSES, [1]).weights())
    dice = torch.Generator().manual_seed(2)
    head.norm.running_mean = torch.randn(width, generator=dice) / 10
    head.norm.running_var = torch.rand(width, generator=dice) + 0.5
    return head


def as_linear(head: Head) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    classes, width = head.linear.weight.shape
    heads = Heads(width, classes, [0])
    heads.load_weights(head.weights())
    return heads.as_linear()


def pictures(n: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def normalised(body: nn.Module, pixels: NDArray[np.uint8]) -> torch.Tensor:
    facts = body.pretrained_cfg
    mean, std = (torch.tensor(facts[what]).view(3, 1, 1) for what in ("mean", "std"))
    return (torch.tensor(pixels).permute(0, 3, 1, 2) / 255 - mean) / std


@pytest.mark.parametrize(("name", "size", "shape"), KINDS)
def test_each_class_has_its_map_in_every_kind_of_body(name: str, size: int, shape: tuple[int, int]) -> None:
    body = body_of(name, size)
    head, pixels = head_for(body, size), pictures(1, size)
    every = np.arange(CLASSES)
    maps = gradient_maps(body, head, np.repeat(pixels, CLASSES, axis=0), every)
    assert maps.shape == (CLASSES, *shape)
    assert maps.dtype == np.float32
    assert np.isfinite(maps).all()
    assert maps.min() == 0 < maps.max()
    assert len(np.unique(maps[maps.any((1, 2))], axis=0)) == np.count_nonzero(maps.any((1, 2))) > 1
    alone = gradient_maps(body, head, pixels, every[:1])
    np.testing.assert_allclose(alone[0], maps[0], rtol=1e-3, atol=1e-5 * maps.max())


def test_it_is_the_exact_map_where_there_is_one() -> None:
    body = load_backbone("lite0", 224)
    head, pixels = head_for(body, 224), pictures(2, 224)
    network = with_head(convert("lite0", 224, body).network, *as_linear(head))
    exact = Engine(network, "fp32")(pixels)["heat_map"].clip(0).reshape(-1, 7, 7)
    classes = np.tile(np.arange(CLASSES), 2)
    found = gradient_maps(body, head, np.repeat(pixels, CLASSES, axis=0), classes)
    drawn = exact.any((1, 2))
    assert drawn.sum() >= CLASSES
    for one, other in zip(found[drawn], exact[drawn], strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.99
    np.testing.assert_allclose(found * 7 * 7, exact, atol=1e-3 * exact.max())


@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "mixer_s32_224"])
def test_channels_behind_the_places_are_weighted_as_the_linear_head_does(name: str) -> None:
    body = body_of(name, 224)
    head, pixels, classes = head_for(body, 224), pictures(2, 224), np.array([1, 3])
    with torch.no_grad():
        last = body.forward_features(normalised(body, pixels)).reshape(2, 7, 7, -1).numpy()
    weight, _ = as_linear(head)
    expected = np.einsum("nhwc,nc->nhw", last, weight[classes]).clip(0) / 49
    np.testing.assert_allclose(gradient_maps(body, head, pixels, classes), expected, atol=1e-5)


def test_behind_class_and_register_tokens_the_last_but_one_block_is_drawn() -> None:
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=64, reg_tokens=4).eval()
    head, pixels = head_for(body, 64), pictures(1, 64)
    kept: list[torch.Tensor] = []
    with body.blocks[-2].register_forward_hook(lambda block, inputs, output: kept.append(output)):
        logits = head.eval()(body(normalised(body, pixels)))
    slopes = torch.autograd.grad(logits[0, 1], kept[0])[0][0, 5:]
    tokens = kept[0][0, 5:]
    expected = (tokens @ slopes.mean(0)).relu().reshape(4, 4).detach().numpy()
    found = gradient_maps(body, head, pixels, np.array([1]))[0]
    assert found.any()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * expected.max())


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
def test_body_and_head_are_left_as_they_were(name: str) -> None:
    body = body_of(name, 64)
    head = head_for(body, 64).train()
    head.linear.bias.requires_grad_(False)
    next(body.parameters()).requires_grad_(False)
    body.norm.train() if hasattr(body, "norm") else body.bn1.train()

    def state() -> list[object]:
        both = nn.ModuleList([body, head])
        hooks = [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in both.modules()]
        learning = [(each.requires_grad, each.grad) for each in both.parameters()]
        values = [each.numpy().tobytes() for each in both.state_dict().values()]
        dice = torch.get_rng_state().tolist()
        return [hooks, [each.training for each in both.modules()], learning, values, dice]

    before = state()
    first = gradient_maps(body, head, pictures(2, 64), np.array([0, 1]))
    assert state() == before
    assert np.array_equal(gradient_maps(body, head, pictures(2, 64), np.array([0, 1])), first)


def test_many_pictures_no_picture_and_callers_without_gradients() -> None:
    body = body_of("resnet18", 64)
    head, pixels = head_for(body, 64), pictures(BATCH + 1, 64)
    classes = np.arange(BATCH + 1) % CLASSES
    with torch.no_grad():
        maps = gradient_maps(body, head, pixels, classes)
    assert len(maps) == BATCH + 1
    last = gradient_maps(body, head, pixels[-1:], classes[-1:])
    np.testing.assert_allclose(maps[-1:], last, rtol=1e-3, atol=1e-6)
    assert len(gradient_maps(body, head, pixels[:0], classes[:0])) == 0


@pytest.mark.parametrize(("name", "size"), [("pit_ti_224", 224), ("coat_lite_tiny", 64)])
def test_body_without_a_place_for_a_map_is_told(name: str, size: int) -> None:
    body = body_of(name, size)
    with pytest.raises(BackboneError, match=f"heat map can be drawn for {name}.*another backbone"):
        gradient_maps(body, head_for(body, size), pictures(1, size), np.array([0]))
    assert all(each.requires_grad for each in body.parameters())
