"""The names of fast.ai's course v3, lesson 2, over today's core: `from whatsit.fastai1 import *`."""

from typing import Any

from whatsit.fastai1 import lazy
from whatsit.fastai1.animations import show_animations
from whatsit.version import __version__ as __version__  # which notebooks print

HOMES = {
    "Category": "whatsit.fastai1.category:Category",
    "ClassificationInterpretation": "whatsit.fastai1.interpretation:ClassificationInterpretation",
    "DatasetType": "whatsit.fastai1.types:DatasetType",
    "Image": "whatsit.fastai1.images:Image",
    "ImageDataBunch": "whatsit.fastai1.data:ImageDataBunch",
    "ImageItemList": "whatsit.fastai1.lists:ImageItemList",
    "ImageList": "whatsit.fastai1.lists:ImageList",
    "Indices": "whatsit.fastai1.indices:Indices",
    "Learner": "whatsit.fastai1.learner:Learner",
    "Path": "whatsit.fastai1.paths:Path",
    "Recorder": "whatsit.fastai1.recorder:Recorder",
    "accuracy": "whatsit.fastai1.metrics:accuracy",
    "cnn_learner": "whatsit.fastai1.learner:cnn_learner",
    "create_cnn": "whatsit.fastai1.learner:create_cnn",
    "defaults": "whatsit.fastai1.device:defaults",
    "doc": "whatsit.fastai1.documentation:doc",
    "download_images": "whatsit.fastai1.downloading:download_images",
    "error_rate": "whatsit.fastai1.metrics:error_rate",
    "fastai": "whatsit.fastai1",  # for `fastai.defaults.device = ...`
    "get_image_files": "whatsit.fastai1.paths:get_image_files",
    "get_transforms": "whatsit.fastai1.transforms:get_transforms",
    "imagenet_stats": "whatsit.fastai1.transforms:imagenet_stats",
    "load_learner": "whatsit.fastai1.learner:load_learner",
    "models": "whatsit.fastai1.models",
    "open_image": "whatsit.fastai1.images:open_image",
    "tensor": "whatsit.fastai1.tensors:tensor",
    "verify_images": "whatsit.fastai1.verifying:verify_images",
    # What fastai 1 brought along of other libraries.
    "BytesIO": "io:BytesIO",
    "Counter": "collections:Counter",
    "F": "torch.nn.functional",
    "Tensor": "torch:Tensor",
    "collections": "collections",
    "defaultdict": "collections:defaultdict",
    "itertools": "itertools",
    "json": "json",
    "math": "math",
    "nn": "torch.nn",
    "np": "numpy",
    "optim": "torch.optim",
    "os": "os",
    "partial": "functools:partial",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "random": "random",
    "re": "re",
    "shutil": "shutil",
    "sys": "sys",
    "time": "time",
    "torch": "torch",
    "warnings": "warnings",
}
__all__ = sorted(HOMES)

show_animations()


def __getattr__(name: str) -> Any:
    return lazy.find(name, __name__, HOMES)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
