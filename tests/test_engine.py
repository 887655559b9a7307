import subprocess
import sys
from pathlib import Path

import pytest

from whatsit.parallel import in_parallel

FIRST_USE = """
import sys, threading
from pathlib import Path
import numpy as np
from whatsit.engine import Engine
network, start, done = Path(sys.argv[1]).read_bytes(), threading.Barrier(8), []
def use():
    start.wait()
    done.append(Engine(network, "fp32")(np.zeros((1, 32, 32, 3), np.uint8))["features"].shape)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(set(done)), len(done))
"""


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.soak)])
def test_first_use_from_many_threads_at_once_does_not_hang(tmp_path: Path, times: int) -> None:
    from whatsit.training.backbone import load_backbone

    file = tmp_path / "network.onnx"
    file.write_bytes(load_backbone("resnet18", 32, pretrained=False).network)
    for _ in range(times):
        command = [sys.executable, "-c", FIRST_USE, str(file)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert result.stdout.split() == ["1", "8"], result.stderr


def test_parallel_work_keeps_its_order_and_never_runs_far_ahead() -> None:
    taken: list[int] = []

    def items() -> object:
        for number in range(1000):
            taken.append(number)
            yield number

    answers = in_parallel(lambda number: number * 2, items())  # type: ignore[arg-type]
    assert [next(answers) for _ in range(3)] == [0, 2, 4]
    assert len(taken) < 200
    assert list(answers) == [2 * number for number in range(3, 1000)]


def test_error_in_parallel_work_reaches_the_reader() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda number: 1 / number, [1, 0, 1]))
