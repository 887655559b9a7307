"""How long until the first answer: `whatsit --help` and one `whatsit predict`, against importing fastai.

python -m benchmarks.startup [--rounds 5]
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.peers import CLOTHING, WHATSIT, fastai_python, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "clothing.whatsit"
        train = [
            *WHATSIT,
            "train",
            CLOTHING,
            "--size",
            224,
            "--out",
            bundle,
            "--project",
            Path(folder) / "project",
        ]
        seconds(train)
        photo = next((CLOTHING / "test" / "hat").iterdir())
        commands = {
            "import fastai.vision.all": [fastai_python(), "-c", "import fastai.vision.all"],
            "whatsit --help": [*WHATSIT, "--help"],
            "whatsit predict": [*WHATSIT, "predict", bundle, photo],
        }
        times = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(seconds(command))
    middle = {name: statistics.median(values) for name, values in times.items()}
    peer = middle["import fastai.vision.all"]
    for name, value in middle.items():
        print(f"{name:<28}{value:8.2f} s{peer / value:8.1f}x")


if __name__ == "__main__":
    main()
