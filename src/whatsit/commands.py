"""Commands of this program as they are typed in a shell."""

import json
import os
import shlex
import shutil
import sys
from contextlib import suppress
from importlib.util import find_spec
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


def installing(extra: str) -> str:
    """What to type to add an extra to this installation, which may be one of a clone."""
    python, (source, is_editable) = _from_here(sys.executable), _source()
    what = [
        *(["--editable"] if is_editable else []),
        f"{_from_here(source) if source else 'whatsit'}[{extra}]",
    ]
    if find_spec("pip"):
        return quoted(python, "-m", "pip", "install", *what)
    return quoted("uv", "pip", "install", *what, "--python", python)


def _source() -> tuple[str, bool]:
    """The folder that Whatsit was installed from, "" if from elsewhere, and whether that is used itself."""
    from importlib.metadata import PackageNotFoundError, distribution  # which every command would wait for
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    with suppress(PackageNotFoundError, ValueError):
        record = json.loads(distribution("whatsit").read_text("direct_url.json") or "{}")
        url = urlsplit(record.get("url", ""))
        folder = url2pathname(url.path) if url.scheme == "file" else ""
        if folder and os.path.isfile(os.path.join(folder, "pyproject.toml")):
            return folder, bool(record.get("dir_info", {}).get("editable"))
    return "", False


def _from_here(path: str) -> str:
    """A path below the current folder as a relative one; others as they are."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path


def program() -> str:
    """What to type to call Whatsit from here."""
    beside = Path(sys.executable).with_name("whatsit")
    return "whatsit" if shutil.which("whatsit") or not beside.exists() else os.path.relpath(beside)
