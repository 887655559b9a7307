"""The kit that all pages share: looks, components, charts, and a template around them."""

from whatsit.web.assets import Asset, asset, static_files
from whatsit.web.page import render

__all__ = ["Asset", "asset", "render", "static_files"]
