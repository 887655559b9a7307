"""What people decided about pictures, kept by content: a picture that was moved is recognized."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import get_args

from whatsit.config import Choice
from whatsit.i18n import Message
from whatsit.project.database import Database
from whatsit.project.paths import relative, untrusted
from whatsit.text import brief, ending

COLUMNS = "action, at, content, choice, was, label, path"
LATER = ("made", "undone", "cancelled")  # states of a move after which its decisions hold, or do not


@dataclass(frozen=True)
class Decision:
    """What was decided about the picture of a `content`, SHA-256 in hex, that lay at `path` in the folder.

    `label` is its class by this decision, `was` its class before. `action` is what belongs together and is
    undone together, begun `at` that time; both are filled in when it is written down.
    """

    content: str
    choice: Choice
    was: str
    label: str
    path: PurePath
    action: int = 0
    at: str = ""

    def __repr__(self) -> str:
        label = f" {self.label}" if self.choice == "relabel" else ""
        return brief(self, f"{self.choice}{label}, {ending(self.path, 100)}, action {self.action}")

    @property
    def reason(self) -> Message:
        """What was decided, in words."""
        if self.choice == "relabel":
            return Message("decisions.relabel", was=self.was, label=self.label)
        return Message(f"decisions.{self.choice}")

    def settles(self, label: str) -> bool:
        """Whether somebody said that this is the picture's class, and that it stays."""
        return self.choice in ("keep", "relabel") and self.label == label
