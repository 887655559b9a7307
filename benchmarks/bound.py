"""`whatsit train` as a whole process at 224 pixels, against what decoding and the engine alone would take.

The bound is (1/decode + 1/engine) seconds for every view of a picture that the training makes. 1,341 photos,
and 246 of them, on four views each; with the report's learning curve and without. The network is converted
before, features and sidecar are not there. All run in turn.

    python -m benchmarks.bound [--rounds 3]
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.features import rate
from benchmarks.peers import CLOTHING, WHATSIT, seconds
from whatsit.engine import Engine, best_precision
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.training.automatic import VIEWS
from whatsit.training.backbone import load_backbone

FEW = 246
WITHOUT_CURVE = """
import sys
from whatsit.training.learner import Learner
Learner.learning_curve = lambda self, repeats=0: None
from whatsit.cli import main
sys.exit(main())
"""


def picture_seconds(paths: list[Path]) -> float:
    """What a picture takes where nothing is lost between decoding and the engine."""
    backbone = load_backbone()
    preprocess: Preprocess = backbone.preprocess
    pixels = list(in_parallel(preprocess.load, paths))
    engine = Engine(backbone.network, best_precision(), ["features"])
    decode = rate(len(paths), lambda: list(in_parallel(preprocess.load, paths)))
    alone = rate(len(paths), lambda: list(in_parallel(lambda one: engine(one[None]), pixels)))
    return 1 / decode + 1 / alone


def passes(images: int, valid: float = 0.2) -> int:
    """Views that a training on few pictures makes: four to train on, and mirrored validation pictures."""
    few = round(images * (1 - valid))
    return images + (VIEWS - 1) * few + (images - few)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    curveless = (sys.executable, "-c", WITHOUT_CURVE)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        many, few = work / "many", work / "few"
        many.mkdir()
        for split in ("train", "validation"):
            (many / split).symlink_to(CLOTHING / split)
        everything = sorted([*CLOTHING.glob("train/*/*.jpg"), *CLOTHING.glob("validation/*/*.jpg")])
        for path in random.Random(0).sample(everything, FEW):
            (few / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, few / path.parent.name)
        counts = {many: len(everything), few: passes(FEW)}
        found: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            each = picture_seconds(everything[:600])
            for photos, views in counts.items():
                bound = each * views
                for name, program in (("", WHATSIT), (", no learning curve", curveless)):
                    shutil.rmtree(work / "project", ignore_errors=True)
                    train = ["train", photos, "--size", 224, "--out", work / "b.whatsit"]
                    took = seconds([*program, *train, "--project", work / "project"])
                    said = (
                        f"{photos.name}{name}: {took:.1f} s, {took / bound:.2f} x the bound of {bound:.1f} s"
                    )
                    print(f"{said}, {took - bound:+.1f} s", flush=True)
                    found.setdefault(f"{photos.name}{name}", []).append(took / bound)
    for name, ratios in found.items():
        print(f"{name:<30}{statistics.median(ratios):.2f} x the bound")


if __name__ == "__main__":
    main()
