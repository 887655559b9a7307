"""The servers that are compared, each by its documented defaults, and how they are started and ended."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks import exchange
from benchmarks.exchange import Ask, Form, GradioForm, get, post
from benchmarks.peers import CLOTHING, HERE, WHATSIT, peer_python, seconds, variables

SCRIPTS = HERE / "serve_peers"
PHOTOS = 32
STARTING = 90.0  # seconds, after which a server that does not answer has failed
Words = Sequence[object]


@dataclass(frozen=True)
class Work:
    """What servers need, in one folder."""

    folder: Path

    @property
    def bundle(self) -> Path:
        return self.folder / "clothing.whatsit"

    @property
    def learner(self) -> Path:
        return self.folder / "learner.pkl"

    def variables(self) -> dict[str, str]:
        """The environment of all servers, without proxies: what they fetch they fetch themselves."""
        values = variables(
            PEER_MODEL=self.folder,
            PEER_BUNDLE=self.bundle,
            PEER_LEARNER=self.learner,
            PYTHONPATH=HERE.parent / "src",
            TMPDIR=self.folder,
            BENTOML_HOME=self.folder / "bentoml",
            BENTOML_DO_NOT_TRACK="True",
            GRADIO_ANALYTICS_ENABLED="False",
        )
        return {name: value for name, value in values.items() if not name.lower().endswith("_proxy")}


@dataclass(frozen=True)
class Peer:
    """`command` takes the work and the port; `ask_url` is there where a server fetches addresses at all."""

    name: str
    command: Callable[[Work, int], Words]
    form: Form
    ask_url: Ask | None = None
    is_comparable: bool = True  # the same graph, so its labels should be the same


def whatsit(*options: object) -> Callable[[Work, int], Words]:
    return lambda work, port: [*WHATSIT, "serve", work.bundle, "--port", port, *options]


def _uvicorn(environment: str, app: str) -> Callable[[Work, int], Words]:
    return lambda work, port: [peer_python(environment).with_name("uvicorn"), app, "--port", port]


async def _in_query(url: str, port: int) -> tuple[int, bytes]:
    return await exchange.exchange(port, get(f"/classify-url?url={quote(url, safe='')}", port))


async def _in_field(url: str, port: int) -> tuple[int, bytes]:
    body = f'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n{url}\r\n--b--\r\n'.encode()
    kind = "multipart/form-data; boundary=b"
    return await exchange.exchange(port, post("/classify", port, body, kind))


_GRADIO = GradioForm("/gradio_api/upload", "files")
LESSON = Peer(
    "fastai predict in Starlette (lesson)",
    _uvicorn("fastai", "lesson:app"),
    Form("/classify", "file"),
    _in_query,
    is_comparable=False,
)
PEERS = (
    LESSON,
    Peer(
        "FastAPI + onnxruntime by hand", _uvicorn("serve-fastapi", "by_hand:app"), Form("/classify", "file")
    ),
    Peer(
        "FastAPI + whatsit.Classifier", _uvicorn("serve-fastapi", "in_fastapi:app"), Form("/classify", "file")
    ),
    Peer(
        "LitServe 0.2",
        lambda work, port: [peer_python("serve-litserve"), "in_litserve.py", port],
        Form("/predict", "file"),
    ),
    Peer(
        "Gradio 6",
        lambda work, port: [peer_python("serve-gradio"), "in_gradio.py", port],
        _GRADIO,
        _GRADIO.ask_for,
    ),
    # uvloop is in its list although BentoML doesn't ask for it: its guard for addresses imports it.
    Peer(
        "BentoML 1.4",
        lambda work, port: [
            peer_python("serve-bentoml").with_name("bentoml"),
            *("serve", "in_bentoml:Clothing", "--host", "127.0.0.1", "--port", port),
        ],
        Form("/classify", "file"),
        _in_field,
    ),
)
WHATSIT_FP32 = Peer("whatsit serve, fp32", whatsit("--precision", "fp32"), Form("/classify"), _in_query)
WHATSIT_BF16 = Peer("whatsit serve, bf16", whatsit("--precision", "bf16"), Form("/classify"), _in_query)


class FailedError(Exception):
    """A server did not do what is measured: why."""


@dataclass(frozen=True)
class Running:
    """A server that has answered."""

    peer: Peer
    port: int
    process: subprocess.Popen[bytes]
    ready: float  # seconds from its start to its first answer

    def rss(self) -> float:
        """Megabytes of its processes, as the system counts them for each."""
        return _kilobytes(self.process.pid, "Rss:") / 1024

    def memory(self) -> float:
        """Megabytes of its processes; what they share is counted once."""
        return _kilobytes(self.process.pid, "Pss:") / 1024

    def pause(self) -> None:
        """Let it take no time from others."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in _family(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def require_alive(self) -> None:
        if self.process.poll() is not None:
            raise FailedError(f"ended with {self.process.returncode}")


def prepare(folder: Path) -> Work:
    """Train a bundle on the shared photos, and lay out what the peers need."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever stops this ends its servers too
    work = Work(folder)
    train = ["train", CLOTHING, "--size", 224, "--out", work.bundle, "--project", folder / "project"]
    seconds([*WHATSIT, *train])
    with zipfile.ZipFile(work.bundle) as bundle:
        bundle.extract("model.onnx", folder)
        classes = json.loads(bundle.read("manifest.json"))["classes"]
    (folder / "classes.json").write_text(json.dumps(classes))
    return work


def export_learner(work: Work) -> Path:
    """The file that the lesson saves. Raises CalledProcessError."""
    seconds([peer_python("fastai"), SCRIPTS / "lesson.py", CLOTHING, work.learner], PYTHONWARNINGS="ignore")
    return work.learner


def photos() -> list[bytes]:
    """Some photos that nothing was trained on, of all classes."""
    paths = sorted(CLOTHING.glob("test/*/*.jpg"))
    return [path.read_bytes() for path in paths[:: len(paths) // PHOTOS][:PHOTOS]]


@contextmanager
def running(peer: Peer, work: Work, photo: bytes, core: int | None = None) -> Iterator[Running]:
    """A server, on one core if that is named, as long as the block. Raises FailedError."""
    port = _free_port()
    words = [str(word) for word in peer.command(work, port)]
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    log = work.folder / "server.log"
    with log.open("wb") as written:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*pinned, *words],
            stdout=written,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=work.variables(),
            cwd=SCRIPTS if "uvicorn" in words[0] or "build" in words[0] else HERE.parent,
            start_new_session=True,
        )
    try:
        _await_answer(peer, port, photo, process, log)
        yield Running(peer, port, process, time.perf_counter() - began)
    finally:
        _end(process)


def require_taskset() -> None:
    if not shutil.which("taskset") or len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("two cores are needed, and taskset")


def _await_answer(peer: Peer, port: int, photo: bytes, process: subprocess.Popen[bytes], log: Path) -> None:
    end, status, said = time.perf_counter() + STARTING, 0, b""
    while time.perf_counter() < end:
        if process.poll() is not None:
            raise FailedError(f"ended with {process.returncode}: {_last_line(log)}")
        status, _, _, said = asyncio.run(exchange.timed(peer.form, photo, port, 0.0))
        if status == 200:
            return
        time.sleep(0.01)
    raise FailedError(f"no answer in {STARTING:.0f} s, but {status} {said[:100]!r}: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it started: some leave processes behind."""
    family = _family(process.pid)
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _family(root: int) -> list[int]:
    """A process, and all in its session or below it."""
    parents, sessions = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                after = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)], sessions[int(entry.name)] = int(after[1]), int(after[3])
    family = {pid for pid, session in sessions.items() if session == root} | {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sorted(family)


def _kilobytes(root: int, field: str) -> int:
    total = 0
    for pid in _family(root):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(field))
    return total


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
