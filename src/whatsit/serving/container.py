"""A bundle as a container: the folder that `docker build` takes."""

import re
import sys
from pathlib import Path
from string import Template

from whatsit.bundle import Bundle
from whatsit.checks import path_of
from whatsit.errors import BundleError, WhatsitError
from whatsit.i18n import Message
from whatsit.project import write_whole
from whatsit.serving.wheel import requirements, wheel
from whatsit.text import printable

FILES = Path(__file__).parent / "container_files"  # templates
PORT = 8000


def write_container(bundle: str | Path, folder: str | Path) -> list[Path]:
    """Write a Dockerfile, the bundle, Whatsit itself as a wheel, and the versions of what it needs.

    The folder must be new or empty. Raises BundleError, and WhatsitError where it can't be written.
    """
    bundle = path_of(bundle, Message("checks.the_bundle"), BundleError, "my-photos.whatsit")
    Bundle.read(bundle)
    parts = _parts(bundle)
    folder = Path(folder)
    try:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise WhatsitError(Message("container.not_empty", folder=folder))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    written = [folder / name for name in parts]
    try:
        for path, data in zip(written, parts.values(), strict=True):
            write_whole(path, data)
    except BaseException:  # the folder is as it was, and the command can be given again
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def _unwritable(folder: Path, error: OSError) -> WhatsitError:
    return WhatsitError(Message("container.unwritable", folder=folder, reason=error.strerror or error))


def _parts(bundle: Path) -> dict[str, bytes]:
    name, (wheel_name, packed) = plain_name(bundle), wheel()
    values = {
        "bundle": name,
        "image": image_name(name),
        "wheel": wheel_name,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "port": PORT,
    }
    texts = {
        file: Template((FILES / template).read_text(encoding="utf-8")).substitute(values)
        for file, template in (
            ("Dockerfile", "Dockerfile.txt"),
            (".dockerignore", "dockerignore.txt"),
            ("README.md", "README.txt"),
        )
    }
    return {
        name: bundle.read_bytes(),
        wheel_name: packed,
        "constraints.txt": "".join(f"{one}\n" for one in requirements()).encode(),
        **{file: text.encode() for file, text in texts.items()},
    }


def plain_name(bundle: Path) -> str:
    """The bundle's name as a Dockerfile, a shell and an address take it."""
    stem = re.sub(r"[^\w.-]+", "-", printable(bundle.name.removesuffix(".whatsit"))).strip("-.")
    return f"{stem or 'model'}.whatsit"


def image_name(name: str) -> str:
    """The name of an image, which has fewer letters."""
    ascii_only = re.sub(r"[^a-z0-9]+", "-", name.removesuffix(".whatsit").lower()).strip("-")
    return ascii_only or "whatsit-model"
