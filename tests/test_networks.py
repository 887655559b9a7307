"""What this program exports, every bundle may hold: the list of operators is that of real exports."""

import os
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tests import hostile
from tests.conftest import Run
from whatsit import Catalog, Classifier, Learner
from whatsit.errors import BackboneError
from whatsit.finetune import timm_backbones as backbones
from whatsit.network_check import OPERATORS, OPSETS, require_allowed
from whatsit.training.backbone import load_backbone
from whatsit.training.export import with_head
from whatsit.trial import MOST_MULTIPLY_ADDS, MOST_NUMBERS, require_exportable

pytestmark = pytest.mark.usefixtures("cache")
SMALL = ["resnet10t", "mobilenetv3_small_050", "convnext_atto", "efficientnet_b0", "regnetx_002"]
LARGE = [
    *("lite0", "resnet18", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "densenet121"),
    *("cait_xxs24_224", "convit_tiny", "edgenext_small", "efficientformerv2_s0", "eva02_tiny_patch14_224"),
    *("gcvit_tiny", "hiera_tiny_224", "maxvit_pico_rw_256", "test_convnext"),
]


@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(one, marks=pytest.mark.soak) for one in LARGE)])
def test_what_is_exported_is_allowed(name: str) -> None:
    import timm

    facts = timm.get_pretrained_cfg("tf_efficientnet_lite0" if name == "lite0" else name)
    is_fixed = facts.fixed_input_size or name == "edgenext_small"
    backbone = load_backbone(name, facts.input_size[-1] if is_fixed else 64, pretrained=False)
    head = np.zeros((3, backbone.width), np.float32), np.zeros(3, np.float32)
    require_exportable(with_head(backbone.network, *head))


@pytest.mark.parametrize(
    "name", ["resnet10t", *(pytest.param(one, marks=pytest.mark.soak) for one in [*SMALL[1:], *LARGE[:4]])]
)
def test_what_the_thorough_exporter_writes_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    export = torch.onnx.export

    def thorough(*words: object, **options: object) -> object:
        if options["dynamo"] is False:
            raise RuntimeError("only the thorough one")
        return export(*words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.onnx, "export", thorough)
    size = 224 if "224" in name else 64
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backbone = backbones.convert(name, size, backbones.load_backbone(name, size, pretrained=False))
    require_exportable(backbone.network)
    assert onnx.load_model_from_string(backbone.network).opset_import[0].version > 17


def test_list_has_only_operators_of_onnx_without_control_flow_or_chance() -> None:
    from onnx.defs import OpSchema, get_schema

    for name in OPERATORS:
        schema = get_schema(name, max(OPSETS))
        kinds = {attribute.type for attribute in schema.attributes.values()}
        assert not kinds & {OpSchema.AttrType.GRAPH, OpSchema.AttrType.GRAPHS}, name
        assert not schema.deprecated
        assert not name.startswith(("Random", "Sequence", "Optional", "Bernoulli", "Multinomial", "String"))


class Sorted(torch.nn.Module):
    """A body with an operator that is not on the list."""

    def __init__(self) -> None:
        super().__init__()
        self.pretrained_cfg = {
            "mean": (0.5,) * 3,
            "std": (0.5,) * 3,
            "input_size": (3, 8, 8),
            "interpolation": "bicubic",
        }

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return x.sort(dim=-1).values

    def forward_head(self, x: torch.Tensor, pre_logits: bool) -> torch.Tensor:
        return x.flatten(1)


def test_backbone_of_other_operators_is_refused_before_any_training() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BackboneError, match="'TopK', which is not allowed in bundles"):
            backbones.convert("sorted", 8, Sorted())


def test_bounds_leave_room_for_the_largest_that_anybody_serves() -> None:
    """A ViT-L of 24 layers and 336 pixels takes 1.9e11; a ResNet-18 of 2,048 pixels holds 6.7e7 numbers."""
    assert MOST_MULTIPLY_ADDS > 1.9e11
    assert MOST_NUMBERS > 64 * 1024 * 1024


def test_network_with_control_flow_in_the_cache_is_converted_again(tmp_path: Path) -> None:
    before = load_backbone("resnet10t", 32, pretrained=False)
    (kept,) = (Path(os.environ["WHATSIT_CACHE"]) / "networks").glob("resnet10t-32-*.onnx")
    record = kept.with_suffix(".json")
    loop = hostile.endless_loop()
    record.write_text(record.read_text().replace(before.sha256, hostile.checksum(loop)))
    kept.write_bytes(loop)
    assert load_backbone("resnet10t", 32, pretrained=False) == before


def test_bundle_that_was_trained_here_opens_untried(
    digits: Path, tmp_path: Path, whatsit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Learner(Catalog.from_folder(digits), backbone="resnet10t", size=32, pretrained=False)
    learner.fit_one_cycle(1)
    learner.export(tmp_path / "d.whatsit")
    monkeypatch.setattr("whatsit.trial._try", lambda *words: pytest.fail("tried"))
    classifier = Classifier(tmp_path / "d.whatsit")
    require_allowed(classifier.model.backbone.network)
    assert whatsit("cache", "--empty").returncode == 0
    assert not list((Path(os.environ["WHATSIT_CACHE"]) / "tried").iterdir())
