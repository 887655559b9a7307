"""The `.whatsit` format: a zip of a manifest, a network and numbers, no code. Read, write, check."""

import hashlib
import io
import json
import math
import stat
import struct
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

from whatsit.engine import Precision
from whatsit.errors import BundleError, NetworkError
from whatsit.network_check import require_allowed
from whatsit.preprocess import Preprocess
from whatsit.project import write_whole

FORMAT = 2  # 1 had no temperature and no novelty
MANIFEST, NETWORK, NOVELTY = "manifest.json", "model.onnx", "novelty.bin"
LARGEST = {MANIFEST: 16 << 20, NETWORK: (2 << 30) - 1, NOVELTY: 256 << 20}  # bytes; the second is protobuf's
LARGEST_FILE = sum(LARGEST.values()) + 4096
LONGEST_CLASS = 4096  # characters
LONGEST_NUMBER = 100  # digits
_END = struct.Struct("<4s4H2LH")  # of a zip: its last 22 bytes
_ZIP64_END = 20  # bytes before these, where there are any
_DIRECTORY = 4096  # bytes for the names of three parts
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same training gives the same bytes


def default_path(folder: Path) -> Path:
    """Where the bundle of an image folder, or of a table of pictures, is written if nobody says: here."""
    return Path(f"{folder.resolve().name.removesuffix('.csv')}.whatsit")


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds.

    `network` is ONNX, uint8 (n, size, size, 3) in, `logits` and `features` out, and where the head
    follows an average pool, `heat_map`. `classes` is the order of the logits. `split` says how the validation
    pictures were dealt, as `catalog.Rule`. `metrics` and `versions` are for people. Logits are divided by
    `temperature`, if one was found, before they become probabilities. `novelty` is what
    `understand.novelty` made, its record and its numbers, or None.
    """

    classes: list[str]
    preprocess: Preprocess
    precision: Precision
    network: bytes
    split: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]
    temperature: float | None = None
    novelty: tuple[dict[str, Any], bytes] | None = None

    @property
    def sha256(self) -> str:
        """The hash of the network: weights of body and head in one."""
        return hashlib.sha256(self.network).hexdigest()

    def write(self, path: str | Path) -> None:
        """Write the bundle, whole or not at all; the same content gives the same bytes.

        Raises BundleError where it could not be read again.
        """
        try:
            _require_classes(self.classes)
        except ValueError as error:
            raise BundleError(f"{path} can't be written: {error}.", "Rename the class.") from error
        parts, record = {NETWORK: self.network}, None
        if self.novelty is not None:
            record, parts[NOVELTY] = self.novelty
        manifest = {
            "format": FORMAT,
            "classes": self.classes,
            "preprocess": self.preprocess.to_dict(),
            "precision": self.precision,
            "split": self.split,
            "metrics": self.metrics,
            "versions": self.versions,
            "temperature": self.temperature,
            "novelty": record,
            "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, data in {MANIFEST: text, **parts}.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        with suppress(OSError):  # writing says it
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def read(cls, path: str | Path) -> "Bundle":
        """Read and check a bundle; raises BundleError naming what is wrong with it."""
        path = Path(path)
        manifest, parts = _parts(path)
        for name, data in parts.items():
            if manifest["sha256"].get(name) != hashlib.sha256(data).hexdigest():
                what = f"{path} was changed: {name} does not match its checksum."
                raise BundleError(what, "Export or copy it again.")
        try:
            require_allowed(parts[NETWORK])
        except NetworkError as error:
            raise BundleError(f"{path} can't be used: its network {error.what}", "Don't use it.") from error
        try:
            _require_classes(manifest["classes"])
            _require_split(manifest["split"])
            precision = manifest["precision"]
            if precision not in get_args(Precision):
                raise ValueError(f"the precision is {_short(precision)}")
            temperature = manifest.get("temperature")
            if temperature is not None and not (_is_number(temperature) and 0.01 < temperature < 100):
                raise ValueError(f"the temperature is {_short(temperature)}")
            versions = dict(manifest["versions"])
            if not all(isinstance(text, str) for text in versions.values()):
                raise ValueError("the versions are not texts")
            return cls(
                manifest["classes"],
                Preprocess.from_dict(manifest["preprocess"]),
                cast(Precision, precision),
                parts[NETWORK],
                dict(manifest["split"]),
                dict(manifest["metrics"]),
                versions,
                None if temperature is None else float(temperature),
                (dict(manifest["novelty"]), parts[NOVELTY]) if NOVELTY in parts else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"{path} has a manifest that makes no sense ({error}).", "Export it again."
            ) from error


def _require_classes(classes: Any) -> None:
    """Raise ValueError for what can't be the names of two classes or more, each another."""
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("the classes are not a list of names")
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise ValueError("the classes are fewer than two, or one is named twice")
    if not all(name.strip() and len(name) <= LONGEST_CLASS for name in classes):
        raise ValueError(f"a class has an empty name, or one of more than {LONGEST_CLASS:,} characters")
    if any("\ud800" <= letter <= "\udfff" for name in classes for letter in name):
        raise ValueError("a class has a name that is not text")


def _require_split(split: dict[str, Any]) -> None:
    """Raise ValueError for what `catalog.Rule` can't be made of. An older bundle may lack any of it."""
    valid, seed = split.get("valid", 0), split.get("seed", 0)
    if (
        not (_is_number(valid) and 0 <= valid <= 1)
        or not (_is_number(seed) and isinstance(seed, int) and seed >= 0)
        or not isinstance(split.get("by_time", False), bool)
        or not isinstance(split.get("relation", ""), str)
    ):
        raise ValueError("the split is not one")


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
            raise BundleError(f"{path} is not a file.", "Name a bundle: a file that `whatsit train` wrote.")
        if facts.st_size > LARGEST_FILE:
            raise BundleError(f"{path} is not a Whatsit bundle: it is larger than any can be.")
        with path.open("rb") as file:
            _require_few_parts(file)
            with zipfile.ZipFile(file) as archive:
                return _read(path, archive)
    except FileNotFoundError:
        raise BundleError(f"There is no bundle {path}.", "`whatsit train FOLDER` makes one.") from None
    except OSError as error:
        raise BundleError(f"{path} can't be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise BundleError(
            f"{path} is damaged or not a Whatsit bundle ({error}).", "Export or copy it again."
        ) from error


def _require_few_parts(file: BinaryIO) -> None:
    """Raise BadZipFile before millions of names are read from a zip's directory."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(end - _END.size - _ZIP64_END, 0))
    tail = file.read()
    if len(tail) <= _END.size:
        raise zipfile.BadZipFile("it is not a zip file")
    signature, *_, size, _, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6" or comment or size > _DIRECTORY or tail.startswith(b"PK\6\7"):
        raise zipfile.BadZipFile("its end is not that of a zip of three parts")


def _read(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, bytes]]:
    names = archive.namelist()
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise BundleError(f"{path} holds the unsafe path {name!r}.", "Don't use it.")
    if MANIFEST not in names:
        raise BundleError(f"{path} is not a Whatsit bundle: it has no {MANIFEST}.")
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED:
            raise BundleError(f"{path} is compressed, which bundles never are.", "Don't use it.")
        most = LARGEST.get(info.filename, LARGEST[MANIFEST])
        if info.file_size > most:
            what = f"{path} has {info.filename!r} of {info.file_size:,} bytes; {most:,} are allowed."
            raise BundleError(what, "Don't use it.")
    manifest = _manifest(path, archive.read(MANIFEST))
    expected = {MANIFEST, NETWORK} | ({NOVELTY} if manifest.get("novelty") is not None else set())
    if sorted(names) != sorted(expected):
        strange = sorted(set(names) ^ expected)
        raise BundleError(f"{path} is not a proper bundle: parts missing, doubled or foreign {strange}.")
    return manifest, {name: archive.read(name) for name in names if name != MANIFEST}


def _manifest(path: Path, text: bytes) -> dict[str, Any]:
    """A manifest of a format that is known, with all the keys of one. Raises BundleError."""
    try:
        manifest = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        json.dumps(manifest, ensure_ascii=False).encode()  # or a name that is not text surprises later
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise BundleError(
            f"{path} has a manifest that is not JSON ({reason}).", "Export it again."
        ) from error
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int or manifest["format"] < 1:
        raise BundleError(f"{path} is not a Whatsit bundle: its manifest has no format version.")
    if manifest["format"] > FORMAT:
        raise BundleError(
            f"{path} has format {manifest['format']}; this Whatsit reads up to {FORMAT}.",
            "Update Whatsit.",
        )
    for key in ("preprocess", "split", "metrics", "versions", "sha256", "novelty"):
        is_there = manifest.get(key) is not None or key != "novelty"
        if is_there and not isinstance(manifest.get(key), dict):
            raise BundleError(f"{path} has a manifest that makes no sense ({key}).", "Export it again.")
    return manifest


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has more than {LONGEST_NUMBER} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{_short(text)} is not a number")
    return value
