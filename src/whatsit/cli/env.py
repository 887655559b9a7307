"""`whatsit env`: what a bug report needs."""

import platform
from importlib.metadata import PackageNotFoundError, version

from whatsit import __version__
from whatsit.cli.options import Json, print_json

PACKAGES = ("numpy", "pillow", "openvino", "torch", "torchvision", "timm", "onnx", "scikit-learn")


def env(json: Json = False) -> None:
    """Print what a bug report needs."""
    from whatsit import engine
    from whatsit.project import cache_dir, cache_files

    facts = {
        "whatsit": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": engine.processor(),
        "threads": str(engine.threads()),
        "precision": engine.best_precision(),
        "device": _device(),
        "cache": f"{cache_dir()} ({sum(path.stat().st_size for path in cache_files()) / 1e6:.1f} MB)",
        **{package: _version(package) for package in PACKAGES},
    }
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        print(f"{name:<34}{value}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    try:
        import torch
    except ImportError:
        return "cpu (torch is not installed)"
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
