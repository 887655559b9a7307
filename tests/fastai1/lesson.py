"""The Python blocks of the lesson, which is not in this repository, and the edits that make them run."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests import ROOT

LESSON = ROOT.parent / "shared" / "lesson"
EDITS = Path(__file__).with_name("lesson.diff")
QUICK = Path(__file__).with_name("lesson_quick.diff")  # after the others: a smaller network and pictures
HEAD = "# block {}\n"


def python_blocks() -> list[str]:
    """All of them, in their order."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(LESSON.glob("*.txt")))
    return re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)


def edited_blocks(folder: Path, lists: Sequence[Path] = (EDITS,)) -> list[str]:
    """All of them after every edit of the lists; `folder` is for the work."""
    blocks = "".join(HEAD.format(n) + block for n, block in enumerate(python_blocks(), 1))
    (folder / "lesson.py").write_text(blocks, encoding="utf-8")
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    for edits in lists:
        words = ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", str(edits)]
        subprocess.run(words, cwd=folder, check=True, env=alone)
    edited = (folder / "lesson.py").read_text(encoding="utf-8")
    return re.split(r"^# block \d+\n", edited, flags=re.M)[1:]
