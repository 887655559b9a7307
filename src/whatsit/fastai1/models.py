"""Network architectures by their names: `models.resnet34`, and whatever else timm knows."""

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from whatsit.errors import BackboneError
from whatsit.i18n import Message


@dataclass(frozen=True)
class Architecture:
    """An architecture, which gets its weights when they are needed. `name` is timm's, or "lite0"."""

    name: str

    def __repr__(self) -> str:
        return f"models.{self.name}"


ABSENT = ("alexnet", "squeezenet1_0", "squeezenet1_1")  # what fastai 1 took of torchvision, and timm lacks


class NoModelError(BackboneError, AttributeError):
    """An architecture that timm does not have."""


resnet18, resnet34, resnet50, resnet101, resnet152 = (
    Architecture(f"resnet{layers}") for layers in (18, 34, 50, 101, 152)
)
densenet121, densenet161, densenet169, densenet201 = (
    Architecture(f"densenet{layers}") for layers in (121, 161, 169, 201)
)
vgg16_bn, vgg19_bn = Architecture("vgg16_bn"), Architecture("vgg19_bn")
lite0 = Architecture("lite0")  # EfficientNet-Lite0, whose weights are here already


def __getattr__(name: str) -> Architecture:
    """Any other of timm's. Raises NoModelError."""
    if name.startswith("_"):
        raise AttributeError(name)
    if name in ABSENT:
        raise NoModelError(Message("lesson_learner.absent", name=name))
    import timm

    known = timm.list_models()
    if name not in known:
        own = [one for one, value in globals().items() if isinstance(value, Architecture)]
        near = difflib.get_close_matches(name, own) or difflib.get_close_matches(name, known)
        advice = Message("backbone.did_you_mean", names=near) if near else Message("backbone.try_lite0")
        raise NoModelError(Message("backbone.unknown", name=name, advice=advice))
    return Architecture(name)


@contextmanager
def fetching(name: str) -> Iterator[None]:
    """Fetch the weights of an architecture in this block; an error says what to do in a notebook."""
    try:
        yield
    except BackboneError as error:
        if error.message.code not in ("backbone.not_fetched", "backbone.no_weights"):
            raise
        raise BackboneError(_not_fetched(name, error)) from error


def _not_fetched(name: str, reason: BackboneError) -> Message:
    """What to do where weights can't be fetched, and WHATSIT_WEIGHTS names no folder that has them."""
    if not (folder := os.environ.get("WHATSIT_WEIGHTS")):
        return Message("lesson_learner.no_weights", name=name, reason=reason)
    code = "lesson_learner.not_in_folder" if Path(folder).is_dir() else "lesson_learner.no_such_folder"
    return Message(code, name=name, reason=reason, folder=folder)


def name_of(arch: object) -> str:
    """The name of one of these, of a function of torchvision, or the name itself. Raises BackboneError."""
    name = arch if isinstance(arch, str) else getattr(arch, "name", getattr(arch, "__name__", None))
    if not isinstance(name, str):
        raise BackboneError(Message("lesson_learner.architecture", given=repr(arch)[:60]))
    if name not in globals():
        __getattr__(name.partition(".")[0])
    return name
