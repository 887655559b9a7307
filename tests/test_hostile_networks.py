"""A network from a stranger opens, or is refused by one sentence, in bounded time and memory."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests import hostile
from tests.conftest import Run, campaign
from tests.hostile import LIGHT, good, network, node, write
from whatsit import Classifier, engine, trial
from whatsit.bundle import Bundle
from whatsit.errors import BundleError, NetworkError
from whatsit.network_check import MOST_FIELDS, require_allowed

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b.whatsit"


# What the network is made of


def external(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def sparse(model: ModelProto) -> None:
    model.graph.sparse_initializer.add().dims.append(3)


def in_a_function(model: ModelProto) -> None:
    model.functions.append(
        helper.make_function("own", "F", ["x"], ["y"], [node("Identity", ["x"], ["y"])], [])
    )


def of_a_domain(model: ModelProto) -> None:
    model.graph.node[0].domain = "org.openvinotoolkit"


def of_another_domain(model: ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def of_another_opset(model: ModelProto) -> None:
    model.opset_import[0].version = 5


def random(model: ModelProto) -> None:
    model.graph.node.append(node("RandomNormal", [], ["noise"], shape=[1]))


def text(model: ModelProto) -> None:
    model.graph.initializer.append(helper.make_tensor("text", TensorProto.STRING, [1], [b"x"]))


def training(model: ModelProto) -> None:
    model.training_info.add()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (external, "weights in other files"),
        (sparse, "sparse weights"),
        (in_a_function, "functions of its own"),
        (of_a_domain, "operators of 'org.openvinotoolkit'"),
        (of_another_domain, "operators of 'com.microsoft'"),
        (of_another_opset, "opset 5"),
        (random, "operator 'RandomNormal'"),
        (text, "an unknown part"),
        (training, "training steps"),
    ],
)
def test_networks_of_what_no_bundle_needs_are_refused_by_name(
    path: Path, change: Callable[[ModelProto], None], reason: str
) -> None:
    write(path, hostile.changed(network(), change))
    with pytest.raises(BundleError, match=rf"b.whatsit can't be used: its network .*{reason}"):
        Bundle.read(path)


def test_control_flow_is_refused(path: Path) -> None:
    with pytest.raises(BundleError, match="operator 'Loop'"):
        Bundle.read(write(path, hostile.endless_loop()))
    inside = helper.make_graph([], "then", [], [])
    hidden = node("Relu", ["features"], ["x"], then_branch=inside)
    with pytest.raises(NetworkError, match="control flow"):
        require_allowed(network(*hostile.GOOD, hidden))


def test_weights_elsewhere_are_found_however_their_length_is_written() -> None:
    entry = b"\x0a\x88\x80\x00location"
    made = b"\x6a" + bytes([len(entry)]) + entry
    for tag in (b"\x2a", b"\x3a"):
        made = tag + bytes([len(made)]) + made
    with pytest.raises(NetworkError, match="weights in other files"):
        require_allowed(made)


@pytest.mark.parametrize("other", [b"<?xml version='1.0'?><net name='x' version='11'/>", b"\n <net/>"])
def test_openvinos_own_format_is_refused_by_name(path: Path, other: bytes) -> None:
    with pytest.raises(BundleError, match="its network is XML"):
        Bundle.read(write(path, other))


@pytest.mark.parametrize("other", [b"", b"network", b"\x08\x08", b"\xff" * 99, b"\x3a\xff\xff\xff\xff\x0f"])
def test_what_is_not_onnx_is_refused(other: bytes) -> None:
    with pytest.raises(NetworkError, match="not ONNX"):
        require_allowed(other)


def test_network_of_millions_of_parts_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsit.network_check.MOST_FIELDS", 1000)
    with pytest.raises(NetworkError, match="more than 1,000 parts"):
        require_allowed(network(*[node("Relu", ["x"], ["y"])] * 500))
    assert MOST_FIELDS >= 2_000_000


@campaign(4000)
@given(st.data())
def test_damaged_networks_are_allowed_or_refused(data: st.DataObject) -> None:
    made = bytearray(network())
    for _ in range(data.draw(st.integers(1, 4))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NetworkError):
        require_allowed(bytes(made[: data.draw(st.integers(0, len(made)))]))


# What the network does


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (hostile.large_tensor, "a tensor of 1,600,000,000 numbers"),
        (hostile.long_work, r"1e\+12 multiply-adds"),
        (hostile.size_from_the_picture, "depends on what is in the picture"),
    ],
)
def test_networks_that_take_too_much_are_refused_before_they_run(
    path: Path, made: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(BundleError, match=f"its network .*{reason}"):
        Classifier(write(path, made()))


def test_multiply_adds_are_counted_as_in_papers() -> None:
    moved = node("Transpose", ["float"], ["moved"], perm=[0, 3, 1, 2])
    filtered = node("Conv", ["moved", "kernel"], ["map"], pads=[1, 1, 1, 1])
    kernel = np.ones((5, 3, 3, 3), np.float32)
    plain, more = (
        engine.size_of(network(*hostile.GOOD, moved, *some, outputs=outputs, kernel=kernel))
        for some, outputs in (([], ("logits", "moved")), ([filtered], ("logits", "map")))
    )
    assert more.multiply_adds - plain.multiply_adds == pytest.approx(8 * 8 * 5 * 27, rel=0.1)
    assert more.largest == 8 * 8 * 5


def test_network_that_never_opens_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 3.0)
    write(path, hostile.endless_constants())
    with pytest.raises(BundleError, match=r"its network does not open within 3 seconds|its network can't be"):
        Classifier(path)
    assert Classifier(write(path, network())).predict(LIGHT).label == "light", "this process goes on"


def test_ctrl_c_reaches_whoever_waits_for_a_network(path: Path, tmp_path: Path) -> None:
    write(path, hostile.endless_constants())
    code = f"""
import os, signal, subprocess, threading
from whatsit import Classifier
started = subprocess.Popen.communicate
def wait(*words, **options):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    return started(*words, **options)
subprocess.Popen.communicate = wait
try:
    Classifier({str(path)!r})
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.stdout == "stopped\n", done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep to no limit")
def test_trial_that_takes_too_much_memory_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = trial._CHILD.replace("trial.child()", "trial.MEMORY = 600 << 20; trial.MOST_NUMBERS = 1 << 40")
    monkeypatch.setattr(trial, "_CHILD", f"{code}; trial.child()")
    with pytest.raises(BundleError, match=r"its network can't be|takes more memory"):
        Classifier(write(path, hostile.large_tensor()))


def test_network_is_tried_once_and_not_where_it_was_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(trial, "_try", lambda network, precision: tried.append(precision))
    made = network(other=np.float32([1]))
    for _ in range(2):
        Classifier(write(path, made))
    assert tried == ["fp32"]
    own = network(other=np.float32([2]))
    trial.require_exportable(own)
    trial.trust(own, "fp32")
    Classifier(write(path, own))
    assert tried == ["fp32"]


def test_trial_runs_nothing_that_lies_where_it_is_started(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "numpy", "whatsit"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    assert Classifier(write(path, network(other=np.float32([3])))).predict(LIGHT).label == "light"


def no_rows() -> bytes:
    cut = node("Slice", ["before", "zero", "zero", "zero"], ["logits"])
    first = node("Gemm", ["features", "head.weight", "head.bias"], ["before"], transB=1)
    return network(*hostile.GOOD[:2], first, cut, zero=np.array([0]))


def flat_map() -> bytes:
    return network(
        *hostile.GOOD,
        node("Identity", ["logits"], ["feature_map"]),
        outputs=("logits", "features", "feature_map"),
    )


def map_of_one() -> bytes:
    gray = node("ReduceMean", ["float"], ["gray"], axes=[3], keepdims=1)
    moved = node("Transpose", ["gray"], ["feature_map"], perm=[0, 3, 1, 2])
    return network(*hostile.GOOD, gray, moved, outputs=("logits", "features", "feature_map"))


def deep_features() -> bytes:
    cast, _, _ = hostile.GOOD
    mean = node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0)
    deep = node("ReduceMean", ["float"], ["features"], axes=[1, 2], keepdims=1)
    return network(cast, mean, deep, node("Gemm", ["mean", "head.weight", "head.bias"], ["logits"], transB=1))


@pytest.mark.parametrize("made", [no_rows, flat_map, map_of_one, deep_features])
def test_answers_of_the_wrong_shape_are_refused_at_opening(path: Path, made: Callable[[], bytes]) -> None:
    with pytest.raises(BundleError, match="contradicts itself"):
        Classifier(write(path, made()))


def not_a_number(at: float) -> bytes:
    """0 / 0 for a picture whose brightest point is `at`, and 0 for others."""
    return good(
        node("ReduceMax", ["float"], ["brightest"], keepdims=0),
        node("Sub", ["brightest", "at"], ["zero"]),
        node("Div", ["zero", "zero"], ["one"]),
        node("Mul", ["one", "none"], ["extra"]),
        at=np.array(at, np.float32),
        none=np.array(0, np.float32),
    )


def test_answers_that_are_not_numbers_are_refused(path: Path, tmp_path: Path, whatsit: Run) -> None:
    with pytest.raises(BundleError, match="answers with numbers that are not finite"):
        Classifier(write(path, not_a_number(0)))
    write(path, not_a_number(255))
    LIGHT.save(tmp_path / "light.png")
    done = whatsit("predict", path, "light.png", "--json")
    assert done.returncode == 2
    assert not done.stdout
    assert "answers with numbers that are not finite" in done.stderr


def test_bundle_without_features_is_refused(path: Path) -> None:
    nodes = [NodeProto.FromString(one.SerializeToString()) for one in hostile.GOOD]
    nodes[1].output[0] = nodes[2].input[0] = "means"
    with pytest.raises(BundleError, match="contradicts itself"):
        Classifier(write(path, network(*nodes, outputs=("logits",))))


def test_bundle_whose_graph_gives_other_runtimes_no_features_is_refused(path: Path) -> None:
    with pytest.raises(BundleError, match="contradicts itself"):
        Classifier(write(path, network(outputs=("logits",))))


def test_feature_map_that_is_not_that_of_the_features_is_refused(path: Path) -> None:
    moved = node("Transpose", ["float"], ["turned"], perm=[0, 3, 1, 2])
    doubled = node("Add", ["turned", "turned"], ["feature_map"])
    names = ("logits", "features", "feature_map")
    Classifier(write(path, network(*hostile.GOOD, node(*MOVED, perm=[0, 3, 1, 2]), outputs=names)))
    with pytest.raises(BundleError, match="features are not the mean of its feature map"):
        Classifier(write(path, network(*hostile.GOOD, moved, doubled, outputs=names)))


MOVED = "Transpose", ["float"], ["feature_map"]


ODD = st.sampled_from([0, -1, 1, 2, 3, 7, 10**6, 2**31, 2**32, 2**63 - 1, -(2**63)])


@pytest.mark.soak
@campaign(200)
@given(data=st.data())
def test_networks_with_odd_numbers_open_or_are_refused(data: st.DataObject) -> None:
    """Each in a process of its own, as in life: some of them keep the engine busy for ever."""

    def change(model: ModelProto) -> None:
        one = data.draw(st.sampled_from(model.graph.node))
        for attribute in one.attribute:
            if attribute.ints:
                attribute.ints[data.draw(st.integers(0, len(attribute.ints) - 1))] = data.draw(ODD)
            else:
                attribute.i = data.draw(ODD)
        tensor = data.draw(st.sampled_from(model.graph.initializer))
        if data.draw(st.booleans()) and tensor.dims:
            tensor.dims[0] = data.draw(ODD)
        elif data.draw(st.booleans()) and tensor.data_type == TensorProto.INT64:
            array = numpy_helper.to_array(tensor).copy()
            array.flat[0] = data.draw(ODD)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))

    made = good(
        node("Transpose", ["float"], ["moved"], perm=[0, 3, 1, 2]),
        node("Conv", ["moved", "kernel"], ["map"], strides=[2, 2], pads=[1, 1, 1, 1], dilations=[1, 1]),
        node("MaxPool", ["map"], ["pool"], kernel_shape=[2, 2], strides=[1, 1]),
        node("Pad", ["pool", "pads"], ["wide"]),
        node("Reshape", ["wide", "shape"], ["flat"]),
        node("ReduceMean", ["flat"], ["extra"], keepdims=0),
        kernel=np.ones((2, 3, 3, 3), np.float32),
        pads=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        shape=np.array([1, -1]),
    )
    with pytest.MonkeyPatch.context() as patch, suppress(NetworkError):
        patch.setattr(trial, "SECONDS", 10.0)
        trial._try(hostile.changed(made, change), "fp32")
