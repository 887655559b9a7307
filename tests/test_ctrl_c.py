"""Ctrl-C ends a command at once, whatever its threads are doing."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from whatsit.parallel import in_parallel

# As the command, but a picture that takes minutes is not refused, and when it is decoded that is said.
DECODING = """
import sys
import simplejpeg
from whatsit import scans
from whatsit.cli import main
scans.MOST = 10**9
decode = simplejpeg.decode_jpeg
def decode_and_say_so(*words, **options):
    print("decoding", flush=True)
    return decode(*words, **options)
simplejpeg.decode_jpeg = decode_and_say_so
main()
"""


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class folder whose pictures take minutes to decode."""
    folder = tmp_path_factory.mktemp("endless") / "class"
    folder.mkdir()
    first = folder / "1.jpg"
    Image.new("RGB", (4000, 4000), "green").save(first, progressive=True)
    whole = first.read_bytes()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    whole = whole[:-2] + last * 100_000 + whole[-2:]
    for number in (1, 2, 3):
        (folder / f"{number}.jpg").write_bytes(whole + bytes([number]))
    return folder


@pytest.fixture
def ctrl_c(cache: Path, tmp_path: Path) -> object:
    def stop(*words: object) -> tuple[int, str]:
        command = [sys.executable, "-c", DECODING, *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
        with subprocess.Popen(command, **pipes) as child:  # type: ignore[call-overload]
            try:
                assert child.stdout.readline() == "decoding\n"
                child.send_signal(signal.SIGINT)
                _, said = child.communicate(timeout=60)
            finally:
                child.kill()
        return child.returncode, said

    return stop


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_does_not_wait_for_a_picture_that_is_being_decoded(
    endless: Path, ctrl_c: object, tmp_path: Path
) -> None:
    for words in (["verify", endless], ["show", endless.parent, "--project", tmp_path / "project"]):
        code, said = ctrl_c(*words)  # type: ignore[operator]
        assert code == 130
        assert "stopped; nothing is lost" in said
        assert "Traceback" not in said


def test_reader_who_has_enough_waits_for_nobody() -> None:
    go_on, begun = threading.Event(), []

    def work(number: int) -> int:
        begun.append(number)
        if number:
            go_on.wait()
        return number

    answers = in_parallel(work, range(100), workers=2)
    assert next(answers) == 0
    busy = [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
    answers.close()  # type: ignore[attr-defined]
    go_on.set()
    for thread in busy:
        thread.join()
    assert len(begun) <= 3


def test_error_ends_parallel_work_without_waiting() -> None:
    go_on = threading.Event()

    def work(number: int) -> float:
        if number:
            go_on.wait()
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(work, range(100), workers=2))
    go_on.set()
