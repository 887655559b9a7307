"""What fastai 1 brought along of other libraries, and `tensor`."""

import math
import os
import random
import re
import shutil
from functools import partial
from io import BytesIO
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

__all__ = [
    "BytesIO",
    "F",
    "Tensor",
    "math",
    "nn",
    "np",
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
]


def tensor(x: Any, *rest: Any) -> Tensor:
    """A tensor of a list or array, or of the numbers given: `tensor(3., 2)` is `tensor([3., 2.])`."""
    return torch.tensor((x, *rest)) if rest else torch.as_tensor(x)
