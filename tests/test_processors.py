"""How many threads are used where a container or the user limits them."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import campaign
from whatsit import processors
from whatsit.errors import WhatsitError
from whatsit.parallel import threads

NO_FOLDER = Path("/there/is/no/such/folder")


def system(folder: Path, groups: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A /proc/self/cgroup and a /sys/fs/cgroup."""
    for name, content in files.items():
        (folder / "mounted" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mounted" / name).write_text(content)
    (folder / "groups").write_text(groups)
    return folder / "groups", folder / "mounted"


V1 = "5:cpuset:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n"}, 4),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/docker/of/the/host\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/../../other\n", {"cpu.max": "200000 100000\n"}, 2),
        (
            V1,
            {"cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/a/b/cpu.cfs_period_us": "1\n"},
            math.inf,
        ),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "300000\n", "cpu/a/b/cpu.cfs_period_us": "100000\n"}, 3),
        (V1, {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        (V1, {"cpu/cpu.cfs_quota_us": "100000\n"}, math.inf),
        ("", {}, math.inf),
    ],
)
def test_quota_of_the_control_groups(
    tmp_path: Path, groups: str, files: dict[str, str], expected: float
) -> None:
    assert processors.quota(*system(tmp_path, groups, files)) == expected


def test_quota_is_rounded_up_and_never_below_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    for time, expected in (
        ("1000", 1),
        ("100000", 1),
        ("100001", 2),
        ("250000", 3),
        ("9900000", 64),
        ("max", 64),
    ):
        at = system(tmp_path, "0::/\n", {"cpu.max": f"{time} 100000\n"})
        assert processors.available(*at) == expected
    assert processors.available(NO_FOLDER, NO_FOLDER) == 64


@campaign(2000)
@given(said=st.text(max_size=30), limit=st.text(max_size=30))
def test_no_control_group_breaks_the_count(
    tmp_path_factory: pytest.TempPathFactory, said: str, limit: str
) -> None:
    folder = tmp_path_factory.mktemp("groups")
    (folder / "groups").write_text(said, encoding="utf-8", errors="surrogatepass")
    (folder / "cpu.max").write_text(limit, encoding="utf-8", errors="surrogatepass")
    assert processors.available(folder / "groups", folder) >= 1


def test_whatsit_threads_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATSIT_THREADS", "17")
    assert threads() == 17
    monkeypatch.delenv("WHATSIT_THREADS")
    assert threads() == processors.available()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("x", 'WHATSIT_THREADS must be a number, not "x".'),
        ("-1", 'WHATSIT_THREADS must be a number, not "-1".'),
        ("²", 'WHATSIT_THREADS must be a number, not "²".'),
        ("0", "WHATSIT_THREADS must be between 1 and 1024, not 0."),
        ("9" * 5000, "WHATSIT_THREADS must be between 1 and 1024"),
    ],
)
def test_wrong_whatsit_threads_is_refused(monkeypatch: pytest.MonkeyPatch, said: str, sentence: str) -> None:
    monkeypatch.setenv("WHATSIT_THREADS", said)
    with pytest.raises(WhatsitError, match="WHATSIT_THREADS") as refused:
        threads()
    assert refused.value.what.startswith(sentence)
    assert len(str(refused.value)) < 200
