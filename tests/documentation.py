"""The documentation, and the code in it."""

import re
import subprocess
import sys

from tests import ROOT

# `make docs` installs no extras.
_BUILD = """
import sys
from sphinx.cmd.build import main
extras = ["torch", "torchvision", "timm", "matplotlib", "sklearn", "pandas", "cleanlab", "ddgs", "anywidget"]
sys.modules.update(dict.fromkeys(extras))
sys.exit(main(["-q", *sys.argv[1:]]))
"""


def code_blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.S)


def build(*words: object) -> None:
    """Run Sphinx on the documentation, where no extras are installed."""
    command = [sys.executable, "-c", _BUILD, *map(str, words)]
    built = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert built.returncode == 0, built.stderr
