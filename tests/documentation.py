"""The documentation, and the code in it."""

import re

from tests import ROOT


def code_blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.S)
