"""`whatsit env`: what a bug report needs."""

import platform
from pathlib import Path
from typing import Annotated

import typer

from whatsit import __version__
from whatsit.cli.options import Json, ProjectDir
from whatsit.cli.printing import print_json
from whatsit.extras import EXTRAS, is_there
from whatsit.i18n import Message, say

PACKAGES = (
    *("numpy", "pillow", "openvino", "onnx"),
    *("torch", "torchvision", "timm", "matplotlib", "scikit-learn"),
)


def env(
    folder: Annotated[
        Path, typer.Argument(metavar=say("metavar.folder"), help=say("help.env_folder"))
    ] = Path("."),
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Print what a bug report needs."""
    from whatsit import engine
    from whatsit.parallel import threads
    from whatsit.project import SIDECAR, cache_dir, cache_files, size_of

    sidecar = project or folder / SIDECAR

    facts = {
        "whatsit": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": engine.processor(),
        "threads": str(threads()),
        "precision": engine.best_precision(),
        "device": _device(),
        "extras": ", ".join(filter(is_there, EXTRAS)) or Message("printed.none"),
        "cache": f"{cache_dir()} ({sum(path.stat().st_size for path in cache_files()) / 1e6:.1f} MB)",
        "project": f"{sidecar} ({size_of(sidecar) / 1e6:.1f} MB)"
        if sidecar.is_dir()
        else Message("cli_project.none_here"),
        **{package: _version(package) for package in PACKAGES},
    }
    if json:
        print_json({name: one.text("en") if isinstance(one, Message) else one for name, one in facts.items()})
        return
    for name, value in facts.items():
        print(f"{name:<34}{value}")


def _version(package: str) -> Message | str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return Message("cli_project.not_installed")


def _device() -> Message | str:
    try:
        import torch
    except ImportError:
        return Message("cli_project.no_torch")
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
