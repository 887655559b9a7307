"""The `.whatsit` format: a zip of a manifest, a network and numbers, no code. Read, write, check."""

import hashlib
import io
import json
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from whatsit.engine import Precision
from whatsit.errors import BundleError
from whatsit.preprocess import Preprocess
from whatsit.project import write_whole

FORMAT = 2  # 1 had no temperature and no novelty
MANIFEST, NETWORK, NOVELTY = "manifest.json", "model.onnx", "novelty.bin"
LARGEST_PART = 4 << 30
# The key of ONNX's external_data entry: a text of 8 bytes, in however many bytes protobuf writes that 8.
_EXTERNAL_DATA = re.compile(rb"(?:\x08|\x88\x80*\x00)location")
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
        """Write the bundle, whole or not at all; the same content gives the same bytes."""
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
        try:
            with zipfile.ZipFile(path) as archive:
                manifest, parts = _parts(path, archive)
        except FileNotFoundError:
            raise BundleError(f"There is no bundle {path}.", "`whatsit train FOLDER` makes one.") from None
        except OSError as error:
            raise BundleError(f"{path} can't be read: {error.strerror or error}.") from error
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise BundleError(
                f"{path} is damaged or no Whatsit bundle ({error}).", "Export or copy it again."
            ) from error
        try:
            for name, data in parts.items():
                if manifest["sha256"][name] != hashlib.sha256(data).hexdigest():
                    what = f"{path} was changed: {name} does not match its checksum."
                    raise BundleError(what, "Export or copy it again.")
            classes = manifest["classes"]
            precision = manifest["precision"]
            told = manifest.get("temperature")
            temperature = None if told is None else float(told)
            novelty = (dict(manifest["novelty"]), parts[NOVELTY]) if NOVELTY in parts else None
            if (
                not isinstance(classes, list)
                or len(classes) < 2
                or not all(isinstance(name, str) for name in classes)
                or len(set(classes)) < len(classes)
                or precision not in get_args(Precision)
                or not 0.01 < (1.0 if temperature is None else temperature) < 100
            ):
                raise ValueError("classes, precision or temperature")
            return cls(
                classes,
                Preprocess.from_dict(manifest["preprocess"]),
                cast(Precision, precision),
                parts[NETWORK],
                dict(manifest["split"]),
                dict(manifest["metrics"]),
                dict(manifest["versions"]),
                temperature,
                novelty,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"{path} has a manifest that makes no sense ({error}).", "Export it again."
            ) from error


def _parts(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, bytes]]:
    names = archive.namelist()
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise BundleError(f"{path} holds the unsafe path {name!r}.", "Don't use it.")
    if MANIFEST not in names:
        raise BundleError(f"{path} is no Whatsit bundle: it has no {MANIFEST}.")
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > LARGEST_PART:
            raise BundleError(f"{path} is compressed or claims to hold more than 4 GB.", "Don't use it.")
    try:
        manifest = json.loads(archive.read(MANIFEST))
    except ValueError as error:
        raise BundleError(f"{path} has a manifest that is no JSON.", "Export it again.") from error
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int or manifest["format"] < 1:
        raise BundleError(f"{path} is no Whatsit bundle: its manifest names no format.")
    if manifest["format"] > FORMAT:
        raise BundleError(
            f"{path} has format {manifest['format']}; this Whatsit reads up to {FORMAT}.",
            "Update Whatsit.",
        )
    expected = {MANIFEST, NETWORK} | ({NOVELTY} if manifest.get("novelty") is not None else set())
    if sorted(names) != sorted(expected):
        strange = sorted(set(names) ^ expected)
        raise BundleError(f"{path} is no proper bundle: parts missing, doubled or foreign {strange}.")
    parts = {name: archive.read(name) for name in names if name != MANIFEST}
    if _EXTERNAL_DATA.search(parts[NETWORK]):
        raise BundleError(
            f"{path} keeps weights in files outside itself (external ONNX data).", "Don't use it."
        )
    return manifest, parts
