"""The `.whatsit` format: a zip of a manifest, a graph and numbers, no code. Read, write, check."""

import hashlib
import io
import json
import math
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

import numpy as np
from numpy.typing import NDArray

from whatsit.backbones import Backbone
from whatsit.card import Card, Facts
from whatsit.checks import ReasonError, meant, path_of
from whatsit.config import Precision
from whatsit.errors import BundleError, NetworkError
from whatsit.head_in_graph import LARGEST_SIDE, head_in
from whatsit.i18n import Message
from whatsit.model import Model
from whatsit.network_check import require_allowed
from whatsit.novelty import Novelty
from whatsit.preprocess import Preprocess
from whatsit.project import write_whole
from whatsit.tables import table
from whatsit.text import brief, printable, shortened

FORMAT = 4  # 1 had no temperature and no novelty, 1 and 2 had the head only in the graph, 1 to 3 no card
FIRST_WITH_HEAD, FIRST_WITH_CARD = 3, 4
MANIFEST, NETWORK, HEAD, NOVELTY = "manifest.json", "model.onnx", "head.bin", "novelty.bin"
CARD = "card.md"
# Bytes; the second is protobuf's limit.
LARGEST = {MANIFEST: 16 << 20, NETWORK: (2 << 30) - 1, HEAD: 256 << 20, NOVELTY: 256 << 20, CARD: 1 << 20}
HEAD_TYPE = np.dtype("<f4")
LARGEST_FILE = sum(LARGEST.values()) + 4096
LONGEST_CLASS = 4096  # characters
NAMELESS = "backbone"  # what an old bundle, which does not name it, is shown to have
LONGEST_NUMBER = 100  # digits
_END = struct.Struct("<4s4H2LH")  # of a zip: its last 22 bytes
_ZIP64_END = 20  # bytes before these, where there are any
_DIRECTORY = 4096  # bytes for the names of five parts
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same training gives the same bytes


def default_path(folder: Path) -> Path:
    """The default place of the bundle of an image folder or a table of pictures: the current folder."""
    return Path(f"{folder.resolve().name.removesuffix('.csv')}.whatsit")


def network_hash(path: Path) -> str | None:
    """The hash of the network in a bundle, `Bundle.sha256`; None where the file is not a readable bundle."""
    try:
        return hashlib.sha256(_parts(path)[1][NETWORK]).hexdigest()
    except BundleError:
        return None


@dataclass(frozen=True, repr=False)
class Bundle:
    """What a bundle holds: the model, and what is worth knowing about it.

    The graph of `model.backbone` gives `logits` and `features`, and where the head follows an average pool,
    `heat_map`, so that other runtimes need nothing else. `split` records how the validation pictures were
    chosen, as `catalog.Rule`. `metrics` and `versions` are for people, and so are `facts` of the training,
    which old bundles don't have.
    """

    model: Model
    split: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]
    facts: Facts | None = None

    def __repr__(self) -> str:
        accuracy, model = self.metrics.get("accuracy"), self.model
        is_share = type(accuracy) is float and 0 <= accuracy <= 1
        measured = f", accuracy {accuracy:.1%}" if is_share else ""
        if is_share and self.facts and self.facts.interval:
            low, high = self.facts.interval
            measured += f" (95% interval {low:.1%} to {high:.1%})"
        return brief(
            self, f"{len(model.classes)} classes, {model.backbone.name}, {model.precision}{measured}"
        )

    def _repr_html_(self) -> str:
        rows = [("classes", ", ".join(self.classes)), *self.metrics.items(), *self.versions.items()]
        return table({"": "", "value": ""}, rows, repr(self)[1:-1])

    @property
    def classes(self) -> list[str]:
        """The class names, in the order of the logits."""
        return self.model.classes

    @property
    def sha256(self) -> str:
        """The hash of the graph: weights of backbone and head in one."""
        return self.model.backbone.sha256

    @property
    def card(self) -> Card:
        """The model card: what is known of the bundle, for people and programs."""
        return Card(self.model, self.split, self.metrics, self.versions, self.facts)

    def write(self, path: str | Path) -> None:
        """Write the bundle, whole or not at all; the same content gives the same bytes.

        Raises BundleError for class names with which it could not be read again.
        """
        try:
            _require_classes(self.classes)
        except ReasonError as error:
            raise BundleError(Message("bundle.unwritable", path=path, reason=error)) from error
        model, record = self.model, None
        parts = {NETWORK: model.backbone.network, HEAD: _head_bytes(model)}
        if model.novelty is not None:
            record, parts[NOVELTY] = model.novelty.to_bytes()
        parts[CARD] = self.card.markdown("en").encode()
        manifest = {
            "format": FORMAT,
            "classes": model.classes,
            "preprocess": model.preprocess.to_dict(),
            "precision": model.precision,
            "split": self.split,
            "metrics": self.metrics,
            "versions": self.versions,
            "head": {"classes": len(model.weight), "width": model.weight.shape[1]},
            "temperature": model.temperature,
            "novelty": record,
            "card": self.facts and self.facts.to_dict(),
            "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, data in {MANIFEST: text, **parts}.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        with suppress(OSError):  # writing reports it
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def read(cls, path: str | Path) -> "Bundle":
        """Read and check a bundle; raises BundleError naming what is wrong with it."""
        path = path_of(path, Message("checks.the_bundle"), BundleError, "my-photos.whatsit")
        manifest, parts = _parts(path)
        for name, data in parts.items():
            if manifest["sha256"].get(name) != hashlib.sha256(data).hexdigest():
                raise BundleError(Message("bundle.changed", path=path, part=name))
        try:
            require_allowed(parts[NETWORK])
            with _sense(path, Message("bundle.head")):
                weight, bias = _head(manifest, parts)
        except NetworkError as error:
            raise BundleError(Message("bundle.unusable", path=path, reason=error)) from error
        with _sense(path, Message("bundle.novelty")):
            novelty = Novelty.from_bytes(manifest["novelty"], parts[NOVELTY]) if NOVELTY in parts else None
        with _sense(path, Message("bundle.manifest")):
            _require_classes(manifest["classes"])
            _require_split(manifest["split"])
            if len(weight) != len(manifest["classes"]):
                raise ReasonError(Message("bundle.head_classes", count=len(weight)))
            versions = dict(manifest["versions"])
            if not all(isinstance(text, str) for text in versions.values()):
                raise ReasonError(Message("bundle.versions"))
            preprocess = Preprocess.from_dict(manifest["preprocess"])
            name = versions.get("backbone", NAMELESS)
            model = Model(
                manifest["classes"],
                preprocess,
                _precision(manifest["precision"]),
                Backbone(name, weight.shape[1], preprocess, parts[NETWORK]),
                weight,
                bias,
                _temperature(manifest.get("temperature")),
                novelty,
            )
        with _sense(path, Message("bundle.card")):
            facts = _facts(manifest, parts)
        return cls(model, dict(manifest["split"]), dict(manifest["metrics"]), versions, facts)


@contextmanager
def _sense(path: Path, part: Message) -> Iterator[None]:
    """Raise BundleError where the block finds that a part is not valid."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(Message("bundle.invalid", path=path, part=part, reason=error)) from error


def _precision(value: Any) -> Precision:
    if value not in get_args(Precision):
        raise ReasonError(Message("bundle.precision", value=_short(value)))
    return cast(Precision, value)


def _temperature(value: Any) -> float | None:
    if value is None:
        return None
    if not (_is_number(value) and 0.01 < value < 100):
        raise ReasonError(Message("bundle.temperature", value=_short(value)))
    return float(value)


def _head_bytes(model: Model) -> bytes:
    """Weight and bias, one after the other."""
    return b"".join(array.astype(HEAD_TYPE).tobytes() for array in (model.weight, model.bias))


def _head(
    manifest: dict[str, Any], parts: dict[str, bytes]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight (classes, width) and bias (classes,).

    Raises KeyError, TypeError, ValueError and NetworkError.
    """
    if manifest["format"] < FIRST_WITH_HEAD:
        weight, bias = head_in(parts[NETWORK])
    else:
        classes, width = manifest["head"]["classes"], manifest["head"]["width"]
        if not all(type(side) is int and 0 < side <= LARGEST_SIDE for side in (classes, width)):
            raise ReasonError(Message("bundle.head_sizes"))
        values = np.frombuffer(parts[HEAD], HEAD_TYPE)
        if len(values) != classes * (width + 1):
            raise ReasonError(Message("bundle.head_length"))
        weight, bias = values[: classes * width].reshape(classes, width), values[classes * width :]
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise ReasonError(Message("bundle.head_numbers"))
    return weight.astype(np.float32), bias.astype(np.float32)


def _facts(manifest: dict[str, Any], parts: dict[str, bytes]) -> Facts | None:
    """What is recorded for the card, whose text is made from it anew. Raises as `Facts.from_dict`."""
    text = parts.get(CARD, b"").decode()
    if any(unicodedata.category(letter) == "Cc" and letter != "\n" for letter in set(text)):
        raise ReasonError(Message("bundle.card_text"))
    record = manifest.get("card")
    return None if record is None else Facts.from_dict(record, len(manifest["classes"]))


def _require_classes(classes: Any) -> None:
    """Raise ReasonError for what can't be the names of at least two classes, all different."""
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ReasonError(Message("bundle.no_classes"))
    if len(classes) < 2:
        raise ReasonError(Message("bundle.few_classes"))
    if len(set(classes)) < len(classes):
        raise ReasonError(Message("bundle.same_class"))
    if not all(name.strip() and len(name) <= LONGEST_CLASS for name in classes):
        raise ReasonError(Message("bundle.class_length", most=LONGEST_CLASS))
    if any("\ud800" <= letter <= "\udfff" for name in classes for letter in name):
        raise ReasonError(Message("bundle.class_text"))


def _require_split(split: dict[str, Any]) -> None:
    """Raise ReasonError for what `catalog.Rule` can't be made of. An older bundle may lack any of it."""
    valid, seed = split.get("valid", 0), split.get("seed", 0)
    if (
        not (_is_number(valid) and 0 <= valid <= 1)
        or not (_is_number(seed) and isinstance(seed, int) and seed >= 0)
        or not isinstance(split.get("by_time", False), bool)
        or not isinstance(split.get("relation", ""), str)
    ):
        raise ReasonError(Message("bundle.split"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _parts(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and the other parts unchecked. Raises BundleError."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # a pipe would never end, nor would /dev/zero
            raise BundleError(Message("bundle.no_file", path=path))
        if facts.st_size > LARGEST_FILE:
            raise BundleError(Message("bundle.too_large", path=path))
        with path.open("rb") as file:
            _require_few_parts(path, file)
            with zipfile.ZipFile(file) as archive:
                return _read(path, archive)
    except FileNotFoundError:
        advice = meant(path, Message("bundle.make_one"), ".whatsit")
        raise BundleError(Message("bundle.none", path=path, advice=advice)) from None
    except OSError as error:
        raise BundleError(Message("bundle.unreadable", path=path, reason=error.strerror or error)) from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise BundleError(Message("bundle.damaged", path=path, reason=error)) from error


def _require_few_parts(path: Path, file: BinaryIO) -> None:
    """Raise BundleError before millions of names are read from a zip's directory."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(end - _END.size - _ZIP64_END, 0))
    tail = file.read()
    if len(tail) <= _END.size:
        raise BundleError(Message("bundle.damaged", path=path, reason=Message("bundle.no_zip")))
    signature, *_, size, _, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6" or comment or size > _DIRECTORY or tail.startswith(b"PK\6\7"):
        raise BundleError(Message("bundle.damaged", path=path, reason=Message("bundle.odd_zip")))


def _read(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, bytes]]:
    names = archive.namelist()
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise BundleError(Message("bundle.unsafe", path=path, name=printable(name)))
    if MANIFEST not in names:
        raise BundleError(Message("bundle.no_manifest", path=path, name=MANIFEST))
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED:
            raise BundleError(Message("bundle.compressed", path=path))
        most = LARGEST.get(info.filename, LARGEST[MANIFEST])
        if info.file_size > most:
            name, size = printable(info.filename), info.file_size
            raise BundleError(Message("bundle.large_part", path=path, name=name, size=size, most=most))
    manifest = _manifest(path, archive.read(MANIFEST))
    expected = {MANIFEST, NETWORK}
    expected |= {HEAD} if manifest["format"] >= FIRST_WITH_HEAD else set()
    expected |= {NOVELTY} if manifest.get("novelty") is not None else set()
    expected |= {CARD} if manifest["format"] >= FIRST_WITH_CARD else set()
    if sorted(names) != sorted(expected):
        missing, foreign = expected - set(names), set(names) - expected
        strange = sorted(missing | foreign) or sorted({name for name in names if names.count(name) > 1})
        parts = shortened(printable(", ".join(strange)), 200)
        raise BundleError(Message("bundle.odd_parts", path=path, parts=parts))
    return manifest, {name: archive.read(name) for name in names if name != MANIFEST}


def _manifest(path: Path, text: bytes) -> dict[str, Any]:
    """A manifest of a format that is known, with all the keys of one. Raises BundleError."""
    try:
        manifest = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        json.dumps(manifest, ensure_ascii=False).encode()  # or a name that is not text surprises later
    except (ValueError, RecursionError) as error:
        is_deep = isinstance(error, RecursionError)
        reason = Message("bundle.deep") if is_deep else error
        raise BundleError(Message("bundle.no_json", path=path, reason=reason)) from error
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int or manifest["format"] < 1:
        raise BundleError(Message("bundle.no_format", path=path))
    if manifest["format"] > FORMAT:
        raise BundleError(Message("bundle.too_new", path=path, format=manifest["format"], most=FORMAT))
    for key in ("preprocess", "split", "metrics", "versions", "sha256", "novelty", "card"):
        is_there = manifest.get(key) is not None or key not in ("novelty", "card")
        if is_there and not isinstance(manifest.get(key), dict):
            part = Message("bundle.manifest")
            raise BundleError(Message("bundle.invalid", path=path, part=part, reason=key))
    return manifest


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ReasonError(Message("bundle.long_number", most=LONGEST_NUMBER))
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ReasonError(Message("bundle.not_finite", value=_short(text)))
    return value
