"""Whatsit: a folder of photos becomes an image classifier other people can use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whatsit.version import __version__ as __version__

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.classifier import Classifier
    from whatsit.collection import collect, download_images, search_images
    from whatsit.errors import WhatsitError
    from whatsit.finetune.transforms import transforms as transforms
    from whatsit.review.review import Review
    from whatsit.training import Learner
    from whatsit.training.task import TrainResult, resume, train
    from whatsit.understand.interpretation import Interpretation
    from whatsit.verification import verify_images

__all__ = [
    "Catalog",
    "Classifier",
    "Interpretation",
    "Learner",
    "Review",
    "TrainResult",
    "WhatsitError",
    "collect",
    "download_images",
    "resume",
    "search_images",
    "train",
    "verify_images",
]  # and `transforms`, which needs PyTorch

_HOMES = {
    "Catalog": "whatsit.catalog",
    "Classifier": "whatsit.classifier",
    "Interpretation": "whatsit.understand.interpretation",
    "Learner": "whatsit.training",
    "Review": "whatsit.review.review",
    "TrainResult": "whatsit.training.task",
    "WhatsitError": "whatsit.errors",
    "collect": "whatsit.collection",
    "download_images": "whatsit.collection",
    "resume": "whatsit.training.task",
    "search_images": "whatsit.collection",
    "train": "whatsit.training.task",
    "transforms": "whatsit.finetune.transforms",
    "verify_images": "whatsit.verification",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from whatsit.extras import needing

        with needing(f"whatsit.{name}"):
            return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'whatsit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "transforms"])
