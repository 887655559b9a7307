"""Try a stranger's network in a process of its own, before this one opens it.

The engine can hang, crash or fill the memory while it reads, compiles or runs a network that was made to do
that, and nothing stops it from inside. A process can be stopped. Networks that have passed, and those that
were made here, are noted in the user's cache and open at once.
"""

import faulthandler
import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from whatsit import engine
from whatsit.config import Precision
from whatsit.errors import NetworkError, WhatsitError
from whatsit.i18n import Message
from whatsit.network_check import require_allowed
from whatsit.project import cache_dir, write_whole

VERSION = 2  # of what is tried: raise it, and everything is tried again
SECONDS = 60.0  # for all of it; the largest networks that can be trained take half
MOST_NUMBERS = 1 << 27  # in one tensor: 512 MB
MOST_MULTIPLY_ADDS = 5 * 10**11  # for one picture: about 20 seconds on one processor
MEMORY = 3 << 30  # bytes, beside COPIES of the network; only Linux keeps to it
COPIES = 6
_CHILD = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from whatsit import trial; trial.child()"


def require_tried(network: bytes, precision: Precision) -> None:
    """Raise NetworkError where a network can't be opened safely."""
    note = _note(network, precision)
    if not note.exists():
        _try(network, precision)
        _write(note)


def require_exportable(network: bytes) -> None:
    """Raise NetworkError for a network, made here, that would be refused in a bundle."""
    require_allowed(network)
    _require_small(network)


def trust(network: bytes, precision: Precision) -> None:
    """Note that a network was made here and need not be tried."""
    _write(_note(network, precision))


def _note(network: bytes, precision: Precision) -> Path:
    key = f"{hashlib.sha256(network).hexdigest()}-{precision}-{engine.version()}-{VERSION}"
    return cache_dir() / "tried" / key


def _write(note: Path) -> None:
    with suppress(WhatsitError, OSError):  # a cache that can't be written costs only time
        note.parent.mkdir(parents=True, exist_ok=True)
        write_whole(note, b"")


def _require_small(network: bytes) -> None:
    size = engine.size_of(network)
    if size.largest > MOST_NUMBERS:
        raise NetworkError(Message("network.large_tensor", size=size.largest, most=MOST_NUMBERS))
    if size.multiply_adds > MOST_MULTIPLY_ADDS:
        steps = size.multiply_adds
        raise NetworkError(Message("network.multiply_adds", steps=steps, most=MOST_MULTIPLY_ADDS))


def _try(network: bytes, precision: Precision) -> None:
    # With this process's own paths, or the child would import modules from the folder that it starts in.
    command = [sys.executable, "-P", "-c", _CHILD, json.dumps(sys.path), precision, str(SECONDS)]
    one_thread = {**os.environ, "WHATSIT_THREADS": "1"}
    try:
        done = subprocess.run(command, input=network, capture_output=True, timeout=SECONDS, env=one_thread)
    except subprocess.TimeoutExpired:
        raise NetworkError(Message("network.slow", seconds=SECONDS)) from None
    except OSError as error:
        raise NetworkError(Message("network.no_process", reason=error.strerror or str(error))) from error
    if done.returncode != 0:
        raise NetworkError(_refusal(done.stdout))


def _refusal(output: bytes) -> Message:
    """Why the child did not open the network: the message on the last line that it printed."""
    with suppress(ValueError, LookupError):
        return Message.from_dict(json.loads(output.splitlines()[-1]))
    return Message("network.crash")


def child() -> None:
    """Open the network on stdin, or print the message why it can't. The child's side of `require_tried`."""
    precision, seconds = sys.argv[2:]
    faulthandler.dump_traceback_later(float(seconds) + 5, exit=True)  # in case the parent is gone
    network = sys.stdin.buffer.read()
    _limit_memory(MEMORY + COPIES * len(network))
    try:
        _require_small(network)
        engine.Engine(network, "bf16" if precision == "bf16" else "fp32", engine.OUTPUTS)
    except NetworkError as error:
        _refuse(error.message)
    except WhatsitError as error:
        _refuse(Message("network.not_run", reason=error.message.values.get("reason", error)))
    os._exit(0)  # at once: there is nothing to clean up


def _refuse(message: Message) -> None:
    print(json.dumps(message.to_dict()), flush=True)
    os._exit(2)


def _limit_memory(size: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such module, others not this limit
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
