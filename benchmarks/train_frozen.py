"""`whatsit train` at 224 pixels, a whole process on the shared photos, against fastai and an expert's script.

Cold: no cache of any kind. Warm: the converted network is cached, the features are not. The peers have no
such caches. All run in turn; accuracy is pooled over validation and test (713 photos), Whatsit's the mean
of five seeds.

    python -m benchmarks.train_frozen [--rounds 3] [--no-fastai]
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.peers import CLOTHING, HERE, WHATSIT, fastai_python, seconds, timed

EXPERT = (sys.executable, "-m", "benchmarks.expert")
SIZE = 224  # pixels, as the peers take
SPLITS = ("validation", "test")


def whatsit_accuracies(work: Path, cache: Path, seeds: int = 5) -> list[float]:
    """Pooled accuracy on validation and test of bundles trained with seeds 0, 1, ..."""
    found = []
    for seed in range(seeds):
        bundle = work / f"{seed}.whatsit"
        train = ["train", CLOTHING, "--size", SIZE, "--seed", seed, "--out", bundle]
        train += ["--project", work / "seeds"]
        timed([*WHATSIT, *train, "--json"], WHATSIT_CACHE=cache)
        right = images = 0
        for split in ("valid", "test"):
            answer = timed([*WHATSIT, "evaluate", bundle, CLOTHING, "--split", split, "--json"])[1]
            report = json.loads(answer)
            right, images = (
                right + sum(row[n] for n, row in enumerate(report["confusion"])),
                images + report["images"],
            )
        found.append(right / images)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-fastai", action="store_true", help="leave out the peer that takes ten minutes")
    options = parser.parse_args()
    times: dict[str, list[float]] = {"cold": [], "warm": [], "expert": [], "fastai": []}
    with tempfile.TemporaryDirectory() as folder:
        work, cache = Path(folder), Path(folder) / "cache"
        photos = work / "photos"
        photos.mkdir()
        for split in ("train", "validation"):
            (photos / split).symlink_to(CLOTHING / split)
        train = [*WHATSIT, "train", photos, "--size", SIZE, "--out", work / "photos.whatsit"]
        train += ["--project", work / "project"]
        for number in range(options.rounds):
            shutil.rmtree(cache, ignore_errors=True)
            for name in ("cold", "warm"):
                shutil.rmtree(work / "project", ignore_errors=True)
                times[name].append(seconds(train, WHATSIT_CACHE=cache))
            times["expert"].append(seconds([*EXPERT, CLOTHING, "validation"]))
            if number == 0 and not options.no_fastai:
                times["fastai"].append(seconds([fastai_python(), HERE / "fastai_peer.py", CLOTHING, 4]))
            print(
                f"round {number + 1}: " + str({k: round(v[-1], 1) for k, v in times.items() if v}), flush=True
            )
        right = json.loads(timed([*EXPERT, CLOTHING, *SPLITS])[1])
        expert = sum(hits for hits, _ in right.values()) / sum(images for _, images in right.values())
        ours = whatsit_accuracies(work, cache)

    middle = {name: statistics.median(values) for name, values in times.items() if values}
    print(f"\n{'':<10}{'seconds':>10}{'cold is':>12}{'warm is':>12}")
    for name, value in middle.items():
        ratios = [
            f"{value / middle[ours]:.1f}x" if name in ("expert", "fastai") else ""
            for ours in ("cold", "warm")
        ]
        print(f"{name:<10}{value:>10.1f}" + "".join(f"{ratio:>12}" for ratio in ratios))
    print(
        f"accuracy, validation and test pooled: whatsit {statistics.mean(ours):.2%} "
        f"({min(ours):.2%} to {max(ours):.2%}, {len(ours)} seeds), expert {expert:.2%}"
    )


if __name__ == "__main__":
    main()
