"""fastai 2.8 interpreting its answers on the validation photos; runs in an environment of its own.

python fastai_interpret.py FOLDER     one frozen epoch on a few photos of train/; then, as JSON, the seconds
                                      of the interpretation of validation/ and its two plots alone
"""

import io
import json
import sys
import tempfile
import time
from pathlib import Path

import matplotlib
from fastai.vision.all import (
    CategoryBlock,
    ClassificationInterpretation,
    DataBlock,
    GrandparentSplitter,
    ImageBlock,
    Normalize,
    RandomResizedCrop,
    accuracy,
    aug_transforms,
    get_image_files,
    parent_label,
    plt,
    vision_learner,
)
from fastai_peer import lite0

FEW = 10  # photos of each class to learn from


def photos(folder: Path) -> list[Path]:
    """A few of each class to learn from, and all of validation/."""
    few = [path for label in sorted((folder / "train").iterdir()) for path in sorted(label.iterdir())[:FEW]]
    return [*few, *get_image_files(folder / "validation")]


def rendered() -> bytes:
    """The current figure as PNG, as Whatsit renders its own."""
    picture = io.BytesIO()
    plt.savefig(picture, format="png", dpi=100, bbox_inches="tight")
    return picture.getvalue()


def main() -> None:
    matplotlib.use("Agg")
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=photos,
        splitter=GrandparentSplitter("train", "validation"),
        get_y=parent_label,
        item_tfms=RandomResizedCrop(224, min_scale=0.5),
        batch_tfms=[*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)],
    )
    with tempfile.TemporaryDirectory() as folder:
        data = block.dataloaders(Path(sys.argv[1]), path=folder, num_workers=2, bs=64)
        learner = vision_learner(data, lite0, metrics=accuracy, path=folder)  # writes nothing to the photos
        with learner.no_bar(), learner.no_logging():
            learner.fit_one_cycle(1)
            started = time.perf_counter()
            found = ClassificationInterpretation.from_learner(learner)
            made = time.perf_counter()
            found.plot_confusion_matrix()
            rendered()
            found.plot_top_losses(9)
            rendered()
            ended = time.perf_counter()
    reported = {"seconds": ended - started, "interpreting": made - started, "images": len(found.losses)}
    print("\n" + json.dumps(reported))


if __name__ == "__main__":
    main()
