"""Any backbone by its name: lite0 without PyTorch, others with it."""

from pathlib import Path

from whatsit.backbones import Backbone, load_lite0
from whatsit.backbones.cache import converted_once
from whatsit.backbones.lite0 import weight_file
from whatsit.backbones.weight_files import hash_of, local_weights, require_name
from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.version import version_of

CONVERTER = 2  # raise it when the converted network changes: part of the cache's key


def load_backbone(
    name: str = "lite0", size: int = 224, weights: str | Path | None = None, pretrained: bool = True
) -> Backbone:
    """The backbone of a name and input size, from the cache where it was converted before.

    `name` is "lite0" or a timm name; `weights` a local .safetensors (or .pth) file for it. Without one the
    folder in WHATSIT_WEIGHTS is looked at, then timm's hub (HF_ENDPOINT names a mirror). Raises BackboneError
    for an unknown name, wrong weights, or a hub that can't be reached, and MissingError without PyTorch.
    """
    require_name(name)
    file = local_weights(name, weights) if pretrained else None
    if name == "lite0" and pretrained and file is None and weight_file():
        return load_lite0(size)
    versions = [version_of("torch"), version_of("timm")]

    def convert() -> Backbone:
        own = Message("training.lite0_weights")
        with needing(own if name == "lite0" else Message("training.backbone", name=name)):
            from whatsit.finetune import timm_backbones
        module = timm_backbones.load_backbone(name, size, weights, pretrained)
        return timm_backbones.convert(name, size, module)

    source = "random" if not pretrained else hash_of(file) if file else "hub"
    return converted_once(name, size, [source, str(CONVERTER), *versions], convert)
