import http.server
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from tests.conftest import SMALL, Run
from whatsit.backbones import lite0
from whatsit.backbones.weight_files import local_weights
from whatsit.engine import Engine
from whatsit.errors import BackboneError
from whatsit.finetune import timm_backbones as backbones
from whatsit.training.backbone import load_backbone

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATSIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def resnet_file(tmp_path: Path) -> Path:
    """A weight file as timm's hub keeps it: safetensors with the classifier of 1,000 classes still in."""
    torch.manual_seed(7)
    file = tmp_path / "weights" / "resnet18.safetensors"
    file.parent.mkdir()
    save_file(timm.create_model("resnet18").state_dict(), file)
    return file


def torch_features(body: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    facts = body.pretrained_cfg
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(facts["mean"]).view(3, 1, 1)) / torch.tensor(facts["std"]).view(3, 1, 1)
    with torch.inference_mode():
        return body.eval()(x).numpy()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet18", 64),
        ("mobilenetv3_small_100", 64),
        ("convnext_atto", 64),
        ("vit_tiny_patch16_224", 96),
        ("regnetx_002", 64),
    ],
)
def test_converted_body_equals_the_torch_one(name: str, size: int) -> None:
    backbone = load_backbone(name, size, pretrained=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"img_size": size} if name.startswith("vit") else {}
        body = timm.create_model(name, num_classes=0, **options)
    pixels = np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    found = Engine(backbone.network, "fp32")(pixels)
    expected = torch_features(body, pixels)
    assert found["features"].shape == (3, backbone.width)
    assert np.abs(found["features"] - expected).max() < 1e-3 * max(1, np.abs(expected).max())
    assert backbone.preprocess.mean == tuple(body.pretrained_cfg["mean"])
    assert backbone.preprocess.crop_pct == body.pretrained_cfg["crop_pct"]


def test_weight_file_is_used_by_name_and_from_the_folder(
    resnet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = load_backbone("resnet18", 64, weights=resnet_file)
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(resnet_file.parent))
    assert load_backbone("resnet18", 64).sha256 == named.sha256
    assert load_backbone("resnet18", 64, pretrained=False).sha256 != named.sha256


@pytest.mark.parametrize(
    ("backbone", "file"),
    [
        ("resnet34", "resnet34.safetensors"),
        ("resnet34", "resnet34.pth"),
        ("resnet34", "resnet34-b627a593.pth"),
        ("resnet34.a1_in1k", "resnet34.a1_in1k.pth"),
        ("resnet34.a1_in1k", "resnet34.pt"),
        ("lite0", "tf_efficientnet_lite0.pth"),
    ],
)
def test_weight_files_have_the_names_of_timm_and_torchvision(
    backbone: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(tmp_path))
    for other in (file, "resnet34d.pth", "resnet341.safetensors", "resnet34-small.pth"):
        (tmp_path / other).touch()
    assert local_weights(backbone, None) == tmp_path / file
    (tmp_path / file).unlink()
    assert local_weights(backbone, None) is None


def test_weight_file_of_torchvision_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), tmp_path / "resnet18-f37072fd.pth")
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(tmp_path))
    pixels = torch.rand(2, 3, 64, 64)
    expected = torch.nn.Sequential(*list(network.eval().children())[:-1])(pixels).flatten(1)
    assert torch.allclose(backbones.load_backbone("resnet18", 64)(pixels), expected, atol=1e-5)


def test_transformers_weight_file_serves_other_sizes(tmp_path: Path) -> None:
    file = tmp_path / "vit.safetensors"
    save_file(timm.create_model("vit_tiny_patch16_224").state_dict(), file)
    assert load_backbone("vit_tiny_patch16_224", 96, weights=file).preprocess.size == 96


def test_weights_that_do_not_fit_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="has no weights for resnet34"):
        load_backbone("resnet34", 64, weights=resnet_file)
    with pytest.raises(BackboneError, match="There is no weight file"):
        load_backbone("resnet18", 64, weights=tmp_path / "none.safetensors")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(BackboneError, match="has no weights for resnet18: it is not a weight file"):
        load_backbone("resnet18", 64, weights=tmp_path / "text.pth")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet18.nosuchtag", 'no backbone "resnet18.nosuchtag". Did you mean .*resnet18'),
        ("x" * 300, "Try lite0"),
        ("coatnet_nano_cc_224", "timm has no weights for coatnet_nano_cc_224"),
    ],
)
def test_backbone_that_is_not_to_be_had_is_said(name: str, sentence: str) -> None:
    with pytest.raises(BackboneError, match=sentence):
        load_backbone(name)


def test_body_that_gives_no_features_is_said() -> None:
    with pytest.raises(BackboneError, match=r"coat_tiny can't be used .*Try another backbone"):
        load_backbone("coat_tiny", 224, pretrained=False)


def test_size_the_body_cannot_take_is_said() -> None:
    with pytest.raises(BackboneError, match="try --size 224"):
        load_backbone("levit_128s", 100, pretrained=False)


def test_body_the_quick_exporter_refuses_is_converted_by_the_thorough_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quick = load_backbone(SMALL, 64, pretrained=False)
    export = torch.onnx.export

    def thorough_only(*words: object, dynamo: bool, **options: object) -> object:
        if not dynamo:
            raise RuntimeError("an operator that can't be traced")
        return export(*words, dynamo=dynamo, **options)

    monkeypatch.setattr(torch.onnx, "export", thorough_only)
    monkeypatch.setenv("WHATSIT_CACHE", str(tmp_path / "other cache"))
    thorough = load_backbone(SMALL, 64, pretrained=False)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    features = [Engine(body.network, "fp32")(pixels)["features"] for body in (quick, thorough)]
    assert np.abs(features[0] - features[1]).max() < 1e-3


@pytest.mark.usefixtures("fresh_cache")
def test_changed_lite0_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = lite0.weight_file()
    assert original is not None
    changed = tmp_path / "changed_lite0" / "models" / original.name
    changed.parent.mkdir(parents=True)
    (tmp_path / "changed_lite0" / "__init__.py").touch()
    changed.write_bytes(original.read_bytes()[:-1] + b"x")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lite0, "PACKAGE", "changed_lite0")
    with pytest.raises(BackboneError, match="does not contain the weights of lite0"):
        load_backbone("lite0")


@pytest.mark.usefixtures("fresh_cache")
def test_conversion_is_done_once_and_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    first = load_backbone(SMALL, 64, pretrained=False)
    (network,) = (tmp_path / "cache" / "networks").glob("*.onnx")
    written = network.stat().st_mtime_ns
    assert load_backbone(SMALL, 64, pretrained=False) == first
    assert network.stat().st_mtime_ns == written
    network.write_bytes(network.read_bytes()[:-100])
    assert load_backbone(SMALL, 64, pretrained=False) == first
    for text in ("{", "{}", "[]"):
        network.with_suffix(".json").write_text(text)
        assert load_backbone(SMALL, 64, pretrained=False) == first


class Hub(http.server.SimpleHTTPRequestHandler):
    """A mirror of the hub: /OWNER/NAME/resolve/main/FILE with the headers its client asks for."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        file = Path(self.directory) / "model.safetensors"
        if not self.path.endswith("/resolve/main/model.safetensors"):
            self.send_error(404)
            return
        data = file.read_bytes()
        self.send_response(200)
        for name, value in {
            "Content-Length": str(len(data)),
            "ETag": '"whatsit-test"',
            "X-Repo-Commit": "0" * 40,
            "Content-Type": "application/octet-stream",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(small_weight_file: Path, tmp_path: Path) -> Iterator[str]:
    shutil.copy(small_weight_file, tmp_path / "model.safetensors")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def hub_environment(tmp_path: Path, endpoint: str) -> dict[str, str]:
    home = {"HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path / "hf")}
    return {
        **home,
        "HF_ENDPOINT": endpoint,
        "PATH": "/usr/bin:/bin",
        "WHATSIT_CACHE": str(tmp_path / "cache"),
    }


def test_weights_come_from_the_mirror_that_hf_endpoint_names(
    mirror: str, whatsit: Run, digits: Path, tmp_path: Path
) -> None:
    words = ["train", digits, "--backbone", SMALL, "--size", 64, "--epochs", 1]
    result = whatsit(*words, env=hub_environment(tmp_path, mirror))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "digits.whatsit").exists()


def test_hub_that_cannot_be_reached_is_one_sentence_with_the_ways_round(
    whatsit: Run, digits: Path, tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:9"
    result = whatsit("train", digits, "--backbone", "resnet18", env=hub_environment(tmp_path, nowhere))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for way in ("lite0", "--weights", "WHATSIT_WEIGHTS", "pretrained=False"):
        assert way in result.stderr


def test_lite0_without_its_package_asks_the_hub_for_timms_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, bool]] = []
    create = timm.create_model

    def note(name: str, pretrained: bool = False, **options: object) -> torch.nn.Module:
        asked.append((name, pretrained))
        return create(name, pretrained=False, **options)

    monkeypatch.setenv("WHATSIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(lite0, "PACKAGE", "no_such_package")
    monkeypatch.setattr(backbones, "_require_hub", lambda repository: None)
    monkeypatch.setattr(timm, "create_model", note)
    load_backbone("lite0", 64)
    assert asked == [("tf_efficientnet_lite0", True)]


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/b", "..", "", "a\0b", "C:evil", "x" * 200])
def test_name_of_a_backbone_is_never_a_path(name: str, cache: Path) -> None:
    """A stranger's run may name one, and networks are cached under it."""
    with pytest.raises(BackboneError, match="There is no backbone"):
        load_backbone(name)
