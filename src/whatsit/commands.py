"""Commands of this program as they are typed in a shell."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from subprocess import list2cmdline

from whatsit.text import printable


def command_line(*words: object) -> str:
    """A command of this program, quoted for the shell."""
    return quoted(program(), *words)


def quoted(*words: object) -> str:
    """Words of a command, quoted for the shell."""
    plain = [printable(str(word)) for word in words]
    return list2cmdline(plain) if os.name == "nt" else shlex.join(plain)


def program() -> str:
    """What to type to call Whatsit from here."""
    beside = Path(sys.executable).with_name("whatsit")
    return "whatsit" if shutil.which("whatsit") or not beside.exists() else os.path.relpath(beside)
