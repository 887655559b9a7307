"""A bundle from a stranger opens, or is refused by one sentence, in bounded time and memory."""

import json
import os
import tempfile
import zipfile
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import hostile
from tests.conftest import Run, campaign
from tests.hostile import LIGHT, WEIGHT, network, novelty, with_manifest, write
from tests.test_card import FACTS
from whatsit import Classifier
from whatsit.bundle import MANIFEST, Bundle
from whatsit.cli.printing import print_json
from whatsit.engine import best_precision
from whatsit.errors import BundleError, NetworkError
from whatsit.head_in_graph import head_in
from whatsit.preprocess import Preprocess

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b.whatsit"


def test_small_good_bundle_answers(path: Path) -> None:
    answer = Classifier(write(path, network(), novelty=novelty())).predict(LIGHT)
    assert answer.label == "light"
    assert answer.novelty is not None


# What the file is


def test_what_is_not_a_file_is_not_waited_for(tmp_path: Path, whatsit: Run) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder.whatsit").mkdir()
    for name in ("pipe", "zero", "folder.whatsit"):
        done = whatsit("predict", name, "x.jpg", timeout=60)
        assert done.returncode == 2
        assert f"{name} is not a file." in done.stderr


def test_bundle_larger_than_any_is_not_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(BundleError, match="not a Whatsit bundle: it is too large"):
        Bundle.read(path)


def test_gigantic_manifest_is_not_read(path: Path) -> None:
    write(path, network())
    with_manifest(path, {"metrics": {"note": "x" * (16 << 20)}})
    with pytest.raises(
        BundleError, match=r'"manifest.json" of 16,\d+,\d+ bytes; at most 16,777,216 are allowed'
    ):
        Bundle.read(path)


@pytest.mark.parametrize("names", [100, 7_000])
def test_zip_of_many_names_is_not_read(path: Path, names: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(names):
            archive.writestr(f"{number}", b"")
    with pytest.raises(BundleError, match="does not end like a zip file of five parts"):
        Bundle.read(path)


# What the manifest says

DEEP = b"[" * 100_000 + b"]" * 100_000
PREPROCESS = Preprocess(hostile.SIZE).to_dict()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"classes": ["a", ""]}, "empty name"),
        ({"classes": ["a", " "]}, "empty name"),
        ({"classes": ["a", "x" * 5000]}, "more than 4,096 characters"),
        ({"classes": ["a", "\ud800"]}, "not JSON"),
        ({"classes": ["a", 1]}, "not a list of names"),
        ({"classes": "ab"}, "not a list of names"),
        ({"classes": ["a", "a"]}, "the same name"),
        ({"temperature": 10**90}, "temperature is 1"),
        ({"temperature": "1"}, "temperature is '1'"),
        ({"temperature": True}, "temperature is True"),
        ({"precision": ["fp32"]}, "precision is "),
        ({"preprocess": {**PREPROCESS, "std": [0, 1, 1]}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "std": [-1, 1, 1]}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "std": ["1", 1, 1]}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "mean": [10**90, 1, 1]}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "crop_pct": 1e-320}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "crop_pct": "1"}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "size": True}}, "preprocess"),
        ({"preprocess": {**PREPROCESS, "more": 1}}, "is not valid"),
        ({"preprocess": []}, "preprocess"),
        ({"split": {"seed": "7"}}, "split"),
        ({"split": {"valid": 7}}, "split"),
        ({"versions": {"whatsit": 1}}, "versions"),
        ({"sha256": []}, "sha256"),
        ({"novelty": [1]}, "novelty"),
        (b'{"format": 2, "temperature": NaN}', "'NaN' is not a number"),
        (b'{"format": 2, "temperature": -Infinity}', "'-Infinity' is not a number"),
        (b'{"format": 2, "temperature": 1e999}', "'1e999' is not a number"),
        (b'{"format": 2, "temperature": 1' + b"0" * 400 + b"}", "more than 100 digits"),
        (DEEP, "nested too deeply"),
    ],
)
def test_impossible_manifests_are_refused_by_name(
    path: Path, change: dict[str, Any] | bytes, reason: str
) -> None:
    with pytest.raises(BundleError, match=reason):
        Bundle.read(with_manifest(write(path, network()), change))


@pytest.mark.parametrize("name", ["熊", "x" * 255, "a\tb\x1b[2J", "-", "not sure", "\U0001f43b"])
def test_odd_class_names_still_open(path: Path, name: str) -> None:
    write(path, network(), classes=["a", name])
    assert Classifier(path).classes == ["a", name]


def test_bundle_that_could_not_be_read_is_not_written(path: Path) -> None:
    with pytest.raises(BundleError, match="not text"):
        write(path, network(), classes=["a", "\udcff"])
    assert not path.exists()


class Odd(NamedTuple):
    """Novelty data of a stranger."""

    record: dict[str, Any]
    data: bytes

    def to_bytes(self) -> tuple[dict[str, Any], bytes]:
        return self.record, self.data


@pytest.mark.parametrize(
    "change",
    [{"width": 10**90}, {"width": -3}, {"width": True}, {"steepness": "4"}, {"threshold": 10**90}],
)
def test_impossible_novelty_is_refused_by_name(path: Path, change: dict[str, Any]) -> None:
    record, data = novelty().to_bytes()
    write(path, network(), novelty=Odd({**record, **change}, data))
    with pytest.raises(BundleError, match="novelty data that is not valid"):
        Classifier(path)


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), {"b": (float("-inf"), 1.5)}]})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "a": [None, {"b": [None, 1.5]}]
    }
    with redirect_stdout(StringIO()) as written:
        print_json({"é": 1})
    assert json.loads(written.getvalue()) == {"é": 1}


# Whatever is in it

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**99, -(10**99), 2**63, 10**400])
    | st.floats()
    | st.text(max_size=5),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3),
    max_leaves=5,
)


def places(document: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values in a document."""
    keys = (
        document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    )
    return [way, *(place for key in keys for place in places(document[key], (*way, key)))]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "b.whatsit"
    Classifier(write(path, network(), novelty=novelty(), temperature=1.5))  # tried once
    replace(Bundle.read(path), facts=FACTS).write(path)
    return path


@campaign(1000)
@given(data=st.data())
def test_manifests_with_odd_values_open_or_are_refused(bundle: Path, data: st.DataObject) -> None:
    with zipfile.ZipFile(bundle) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    way = data.draw(st.sampled_from(places(manifest)[1:]))
    inside = manifest
    for key in way[:-1]:
        inside = inside[key]
    if data.draw(st.booleans()):
        inside[way[-1]] = data.draw(VALUES)
    else:
        del inside[way[-1]]
    with tempfile.TemporaryDirectory() as folder:
        bad = Path(folder, "b.whatsit")
        bad.write_bytes(bundle.read_bytes())
        with_manifest(bad, json.dumps(manifest).encode())
        with suppress(BundleError):
            classifier = Classifier(bad)
            answer, card = classifier.predict(LIGHT), classifier.bundle.card
            assert answer.label
            assert card.markdown("zh")
            assert all(line.isprintable() for line in card.markdown("en").splitlines())
            assert np.isfinite(list(answer.probabilities.values())).all()


@campaign(600)
@given(data=st.data())
def test_bundles_with_odd_bytes_open_or_are_refused(bundle: Path, data: st.DataObject) -> None:
    """Bytes of the zip, with the checksums as they were; and of the novelty data, with new ones."""
    broken = bytearray(bundle.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "b.whatsit").write_bytes(broken)
        with suppress(BundleError):
            Classifier(Path(folder, "b.whatsit")).predict(LIGHT)
        record, numbers = novelty().to_bytes()
        other = np.frombuffer(numbers, np.uint8).copy()
        other[data.draw(st.integers(0, len(other) - 1))] = data.draw(st.integers(0, 255))
        write(Path(folder, "c.whatsit"), network(), novelty=Odd(record, other.tobytes()))
        with suppress(BundleError):
            novel = Classifier(Path(folder, "c.whatsit")).predict(LIGHT).novelty
            assert novel is not None
            assert 0 <= novel <= 1


# The head


@pytest.mark.parametrize(
    "change",
    [
        {"head": {"classes": 10**90, "width": 3}},
        {"head": {"classes": 2, "width": -3}},
        {"head": {"classes": True, "width": 7}},
        {"head": {"classes": 1, "width": 7}},
        {"head": {"classes": 2}},
        {"head": [2, 3]},
        {"head": None},
        {"classes": ["a", "b", "c"]},
    ],
)
def test_impossible_head_is_refused_by_name(path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=r"head .*is not valid|the head is for"):
        Bundle.read(with_manifest(write(path, network()), change))


def test_head_that_is_not_finite_is_refused(path: Path) -> None:
    write(path, network(), weight=np.full_like(WEIGHT, np.inf))
    with pytest.raises(BundleError, match="some weights are not numbers"):
        Bundle.read(path)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_head_that_is_not_the_networks_own_is_refused(path: Path, precision: str) -> None:
    if precision == "bf16" and best_precision() != "bf16":
        pytest.skip("this processor does not compute in bf16")
    write(path, network(), weight=WEIGHT * np.float32(1.1), precision=precision)
    with pytest.raises(BundleError, match="logits of its network are not those of its head"):
        Classifier(path)
    Classifier(write(path, network(), weight=WEIGHT * np.float32(1 + 1e-7), precision=precision))


@pytest.mark.parametrize("packed", [True, False])
def test_head_of_endless_dimensions_in_an_old_bundle_is_refused_at_once(path: Path, packed: bool) -> None:
    """Their product alone would take hours."""
    sides = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" * 200_000
    if packed:
        sides = field(1, sides)
    else:
        sides = b"".join(b"\x08" + b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" for _ in range(200_000))
    tensor = sides + b"\x10\x01" + field(8, b"head.weight") + field(9, b"1234")
    with pytest.raises(NetworkError, match="has no head that Whatsit made"):
        head_in(field(7, field(5, tensor)))


def field(number: int, data: bytes) -> bytes:
    """A protobuf field of bytes."""
    size, rest = b"", len(data)
    while rest > 127:
        size, rest = size + bytes([rest & 127 | 128]), rest >> 7
    return bytes([number << 3 | 2]) + size + bytes([rest]) + data


def test_bundle_is_written_with_the_same_bytes_as_ever(path: Path) -> None:
    write(path, b"network", temperature=1.25)
    assert hostile.checksum(path.read_bytes()) == WRITTEN


WRITTEN = "b4a4485b425dcb5a79d22e02a144b3d7808e1c33d36cb87c1d33e48668bd5f41"
