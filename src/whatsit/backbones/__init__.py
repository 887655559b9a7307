"""Pretrained backbones as graphs, and the one that needs no PyTorch."""

from whatsit.backbones.lite0 import load_lite0
from whatsit.backbones.record import Backbone

__all__ = ["Backbone", "load_lite0"]
