"""Converted backbones in the user's cache."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

from whatsit.backbones.record import Backbone
from whatsit.errors import NetworkError, WhatsitError
from whatsit.events import working
from whatsit.network_check import require_allowed
from whatsit.preprocess import Preprocess
from whatsit.project import cache_dir, write_whole


def converted_once(name: str, size: int, key: Sequence[str], convert: Callable[[], Backbone]) -> Backbone:
    """The backbone converted before with this `key`, or the result of `convert`.

    A cache that is damaged or can't be read or written costs only time.
    """
    digest = hashlib.sha256("|".join([name, str(size), *key]).encode()).hexdigest()[:16]
    folder = cache_dir() / "networks"
    network, record = folder / f"{name}-{size}-{digest}.onnx", folder / f"{name}-{size}-{digest}.json"
    with suppress(OSError, ValueError, KeyError, TypeError, NetworkError):
        facts = json.loads(record.read_text())
        data = network.read_bytes()
        require_allowed(data)
        if hashlib.sha256(data).hexdigest() == facts["sha256"]:
            return Backbone(name, facts["width"], Preprocess.from_dict(facts["preprocess"]), data)
    with working("preparing"):
        backbone = convert()
    facts = {"width": backbone.width, "preprocess": asdict(backbone.preprocess), "sha256": backbone.sha256}
    with suppress(WhatsitError, OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(network, backbone.network)
        write_whole(record, json.dumps(facts).encode())
    return backbone
