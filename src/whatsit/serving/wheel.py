"""Whatsit, as it runs here, as a wheel: what trained the model is what serves it, index or not.

The format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

import base64
import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.version import __version__

PACKAGE = Path(__file__).parents[1]
EPOCH = (1980, 1, 1, 0, 0, 0)
LICENSES = ("LICENSE", "NOTICE")
PYTHON = ">=3.11"
KIND = {"Wheel-Version": "1.0", "Generator": "whatsit", "Root-Is-Purelib": "true", "Tag": "py3-none-any"}
COMMAND = "[console_scripts]\nwhatsit = whatsit.cli:main\n"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def wheel() -> tuple[str, bytes]:
    """The name and the bytes of the wheel; the same code gives the same bytes."""
    info = f"whatsit-{__version__}.dist-info"
    about = {"Metadata-Version": "2.1", "Name": "whatsit", "Version": __version__, "Requires-Python": PYTHON}
    needed = [("Requires-Dist", one) for one in _needed()]
    files = {path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes() for path in _modules()}
    files |= {f"{info}/licenses/{name}": data for name, data in _licenses()}
    metadata, kind = _fields([*about.items(), *needed]), _fields(KIND.items())
    texts = {"METADATA": metadata, "WHEEL": kind, "entry_points.txt": COMMAND}
    files |= {f"{info}/{name}": text.encode() for name, text in texts.items()}
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
    return f"whatsit-{__version__}-py3-none-any.whl", packed.getvalue()


def requirements() -> list[str]:
    """What the base install needs, all of it, in the versions that are installed here."""
    found: dict[str, str] = {}
    left = _needed()
    while left:
        name = _name_of(left.pop())
        if name is None or name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:  # other systems need it
            continue
        found[name] = package.version
        left += [one for one in package.requires or [] if "extra" not in one.partition(";")[2]]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _fields(fields: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields)


def _name_of(requirement: str) -> str | None:
    found = _NAME.match(requirement)
    return found and re.sub(r"[-_.]+", "-", found[0]).lower()


def _modules() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _needed() -> list[str]:
    """What the base install asks for, by the source that it runs from, or else by its installed metadata."""
    if (project := _source()) is not None:
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        return list(tomllib.loads(text)["project"]["dependencies"])
    return [one for one in _installed().requires or [] if "extra" not in one.partition(";")[2]]


def _licenses() -> Iterator[tuple[str, bytes]]:
    if (project := _source()) is not None:
        yield from ((name, (project / name).read_bytes()) for name in LICENSES)
        return
    for file in _installed().files or []:
        if file.name in LICENSES and "whatsit" in file.parts[0]:
            yield file.name, file.read_binary()


def _source() -> Path | None:
    """The checkout that this runs from, if it does."""
    project = PACKAGE.parents[1]
    return project if PACKAGE.parent.name == "src" and (project / "pyproject.toml").is_file() else None


def _installed() -> Distribution:
    try:
        return distribution("whatsit")
    except PackageNotFoundError:
        raise WhatsitError(Message("container.not_installed")) from None


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
