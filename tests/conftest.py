"""Small real pictures for everybody: scikit-learn's digits, and the shared photos where they are."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image

from tests import ROOT
from tests.killed import Killer
from whatsit.cli import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.site import Site

CLOTHING = ROOT.parent / "shared" / "data" / "clothing"
WHOLE = os.environ.get("WHATSIT_SOAK") == "1"
SMALL = "test_efficientnet"  # timm's smallest: trained and converted several times as fast as lite0
# For a process's own code: the most memory in MiB that it took. On Linux, `ru_maxrss` also counts what the
# process that started it had by then.
PEAK = """
def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmHWM"))
    except FileNotFoundError:
        import resource, sys
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)
"""
torch.set_num_threads(1)
os.environ["WHATSIT_LANG"] = "en"  # whatever is spoken here
import_module("whatsit.cli.app")  # whose help is in the language that is current now
# In a shell's background Ctrl-C is ignored, and the tests of it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)


def campaign(examples: int) -> settings:
    """`examples` in the whole campaign, a twentieth of it otherwise; the same ones in every run."""
    return settings(
        max_examples=examples if WHOLE else examples // 20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of converted networks for the session, not the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["WHATSIT_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def small_weight_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for SMALL: random ones, and as good as pretrained where only the layers matter."""
    import timm
    from safetensors.torch import save_file

    file = tmp_path_factory.mktemp("weights") / f"{SMALL}.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(timm.create_model(SMALL).state_dict(), file)
    return file


@pytest.fixture
def small_weights(small_weight_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMALL is trained from them, as if it were pretrained."""
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(small_weight_file.parent))


@pytest.fixture(scope="session")
def clothing() -> Path:
    if not CLOTHING.is_dir():
        pytest.skip(f"the real photos are not at {CLOTHING}")
    return CLOTHING


@pytest.fixture(scope="session")
def all_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from whatsit.demo import write_digits

    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return folder


def some_digits(all_digits: Path, folder: Path, labels: str = "017", count: int = 20) -> Path:
    """A folder with `count` pictures of each label."""
    for label in labels:
        (folder / label).mkdir(parents=True)
        for path in sorted((all_digits / label).glob("*.png"))[5 : 5 + count]:
            (folder / label / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def digits(all_digits: Path, tmp_path: Path) -> Path:
    """Twenty pictures each of 0, 1 and 7."""
    return some_digits(all_digits, tmp_path / "digits")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A 640 x 480 gradient, red growing to the right and blue downwards."""
    image = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").rotate(90).resize((640, 480)),
            Image.new("L", (640, 480)),
            Image.linear_gradient("L").resize((640, 480)),
        ],
    )
    path = tmp_path / "photo.jpg"
    image.save(path, quality=95)
    return path


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def whatsit(cache: Path, tmp_path: Path) -> Run:
    """Run the real command in a folder of its own."""

    def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "whatsit", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, **options)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.fixture
def command(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the command in this process, where PyTorch is imported already: that takes longest."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["whatsit", *map(str, words)])
        monkeypatch.setattr(sys.modules["whatsit.i18n.language"], "_default", [])  # no --lang stays
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        output = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, output.out, output.err)

    return run


@pytest.fixture
def owners_python() -> list[str]:
    """Python for which permissions count, which root may otherwise overrule."""
    if os.geteuid() != 0:
        return [sys.executable]
    if not shutil.which("setpriv"):
        pytest.skip("root overrules permissions, and there is no setpriv to take that right away")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", sys.executable]


@pytest.fixture
def as_owner(owners_python: list[str], cache: Path, tmp_path: Path) -> Run:
    """Run the command so that permissions count."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [*owners_python, "-m", "whatsit", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    return run


@pytest.fixture(scope="session")
def killer() -> Iterator[Killer]:
    """Moves pictures in a process that is killed at a chosen point."""
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    killer = Killer()
    yield killer
    killer.close()


def rendered(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture of soft colored patches; another seed gives one that looks quite different."""
    dice = np.random.default_rng(seed)
    patches = Image.fromarray(dice.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return patches.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def site() -> Iterator["Site"]:
    """A web server that answers whatever a test puts on its pages."""
    from tests.site import Site

    served = Site()
    yield served
    served.close()


def rewritten(bundle: Path, change: dict[str, bytes | None], add: dict[str, bytes] | None = None) -> Path:
    """A bundle beside a good one, with other parts, without those that are None, or with more."""
    target = bundle.with_name("bad.whatsit")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change.get(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return target


BROWSER_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),  # a camera
    "--host-resolver-rules=MAP bears.test 127.0.0.1",  # an address that is not secure
]


class _Chromium:
    """One browser for all tests that follow each other and need one.

    While it is open, Playwright keeps an event loop running in this thread, where no `asyncio.run` works.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None

    def open(self) -> "Browser":
        names = ("chromium", "chromium-browser", "google-chrome")
        chromium = next(filter(None, map(shutil.which, names)), None)
        if not chromium:
            pytest.skip("there is no Chromium here; .ci/run installs one")
        if self._browser is None:
            from playwright.sync_api import sync_playwright

            playwright = self._open.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
            self._open.callback(self._browser.close)
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._open.close()


_chromium = _Chromium()


@pytest.fixture
def browser() -> "Browser":
    return _chromium.open()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the browser before a test that needs none; restarting it for each test takes a second."""
    yield
    if "browser" not in getattr(nextitem, "fixturenames", ()):
        _chromium.close()
