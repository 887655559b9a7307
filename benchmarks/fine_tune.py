"""`whatsit train --fine-tune 2` as a whole process on the shared photos, against fastai's `fine_tune(2)`.

    python -m benchmarks.fine_tune [--seeds 3] [--fastai-seeds 3]

The same weights (EfficientNet-Lite0) and photos (1,000 to learn from); accuracy is of validation and test
pooled (713 photos). Whatsit's time begins with its converted network cached, but without any features.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.peers import CLOTHING, HERE, WHATSIT, fastai_python, timed


def whatsit(work: Path, seed: int, *words: object) -> tuple[float, float]:
    """Seconds, and the share of validation and test that its bundle gets right."""
    bundle, project = work / f"{seed}.whatsit", Path(tempfile.mkdtemp(dir=work))
    train = [
        "train",
        CLOTHING,
        "--size",
        224,
        "--seed",
        seed,
        "--out",
        bundle,
        "--project",
        project,
        "--json",
        *words,
    ]
    seconds, said = timed([*WHATSIT, *train, "--json", *words], WHATSIT_CACHE=work / "cache")
    right = images = 0
    for split in ("valid", "test"):
        answer = timed([*WHATSIT, "evaluate", bundle, CLOTHING, "--split", split, "--json"])[1]
        report = json.loads(answer)
        right += sum(row[n] for n, row in enumerate(report["confusion"]))
        images += report["images"]
    tuned = "fine-tuned" if json.loads(said)["fine_tuned"] else "frozen"
    print(f"whatsit, seed {seed}: {seconds:.1f} s, {right / images:.2%}, {tuned} kept", flush=True)
    return seconds, right / images


def fastai(seed: int) -> tuple[float, float]:
    seconds, answer = timed([fastai_python(), HERE / "fastai_peer.py", CLOTHING, 2, seed])
    reported = json.loads(answer.splitlines()[-1])
    accuracy = reported["right"] / reported["images"]
    print(f"fastai, seed {seed}: {seconds:.1f} s, {accuracy:.2%}", flush=True)
    return seconds, accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fastai-seeds", type=int, default=3, help="ten minutes each; 0 leaves it out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        whatsit(work, 0)  # converts the network
        found = {
            "whatsit train": [whatsit(work, seed) for seed in range(options.seeds)],
            "whatsit train --fine-tune 2": [
                whatsit(work, seed, "--fine-tune", 2) for seed in range(options.seeds)
            ],
            "fastai fine_tune(2)": [fastai(seed) for seed in range(options.fastai_seeds)],
        }
    print(f"\n{'':<30}{'seconds':>10}{'accuracy':>10}")
    ours = statistics.median(seconds for seconds, _ in found["whatsit train --fine-tune 2"])
    for name, runs in found.items():
        if runs:
            middle = statistics.median(seconds for seconds, _ in runs)
            accuracy = statistics.mean(accuracy for _, accuracy in runs)
            print(f"{name:<30}{middle:>10.1f}{accuracy:>10.2%}{middle / ours:>8.1f}x")


if __name__ == "__main__":
    main()
