"""The names of fast.ai's course v3, lesson 2, over today's core: `from whatsit.fastai1 import *`."""

import sys

from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.version import __version__ as __version__  # which notebooks print

if sys.argv[:1] != ["-m"]:  # `python -m whatsit.fastai1` only rewrites imports: it needs none of this
    with needing(Message("lesson_data.names")):
        from whatsit.fastai1 import models
        from whatsit.fastai1.animations import show_animations
        from whatsit.fastai1.category import Category
        from whatsit.fastai1.data import ImageDataBunch
        from whatsit.fastai1.defaults import defaults
        from whatsit.fastai1.documentation import doc
        from whatsit.fastai1.files import Path, download_images, get_image_files, verify_images
        from whatsit.fastai1.images import Image, open_image
        from whatsit.fastai1.indices import Indices
        from whatsit.fastai1.interpretation import ClassificationInterpretation
        from whatsit.fastai1.learner import Learner, cnn_learner, create_cnn, load_learner
        from whatsit.fastai1.lists import ImageItemList, ImageList
        from whatsit.fastai1.metrics import accuracy, error_rate
        from whatsit.fastai1.names import (
            BytesIO,
            F,
            Tensor,
            math,
            nn,
            np,
            optim,
            os,
            partial,
            pd,
            plt,
            random,
            re,
            shutil,
            tensor,
            torch,
        )
        from whatsit.fastai1.recorder import Recorder
        from whatsit.fastai1.transforms import get_transforms, imagenet_stats
        from whatsit.fastai1.types import DatasetType

    show_animations()
fastai = sys.modules[__name__]  # for `fastai.defaults.device = ...`

__all__ = [
    "BytesIO",
    "Category",
    "ClassificationInterpretation",
    "DatasetType",
    "F",
    "Image",
    "ImageDataBunch",
    "ImageItemList",
    "ImageList",
    "Indices",
    "Learner",
    "Path",
    "Recorder",
    "Tensor",
    "accuracy",
    "cnn_learner",
    "create_cnn",
    "defaults",
    "doc",
    "download_images",
    "error_rate",
    "fastai",
    "get_image_files",
    "get_transforms",
    "imagenet_stats",
    "load_learner",
    "math",
    "models",
    "nn",
    "np",
    "open_image",
    "optim",
    "os",
    "partial",
    "pd",
    "plt",
    "random",
    "re",
    "shutil",
    "tensor",
    "torch",
    "verify_images",
]
