"""Serve a bundle: a page and an API for other people."""

from whatsit.serving.app import create_app
from whatsit.serving.door import Rules
from whatsit.serving.limits import Limits

__all__ = ["Limits", "Rules", "create_app"]
