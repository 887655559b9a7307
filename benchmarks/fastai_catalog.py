"""What fastai 2.8 makes of an image folder; runs in an environment of its own.

python fastai_catalog.py open FOLDER             seconds and peak memory of building its ImageDataLoaders
python fastai_catalog.py split FOLDER SEEDS      the validation files of its random split, for each seed
"""

import json
import re
import sys
import time
from pathlib import Path

from fastai.vision.all import ImageDataLoaders, RandomSplitter, Resize, get_image_files


def peak() -> int:
    """The largest resident memory so far, in MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "open":
        before, started = peak(), time.perf_counter()
        get_image_files(folder)
        data = ImageDataLoaders.from_folder(folder, valid_pct=0.2, seed=42, item_tfms=Resize(224))
        seconds = time.perf_counter() - started
        images = len(data.train_ds) + len(data.valid_ds)
        print(json.dumps({"seconds": seconds, "before": before, "peak": peak(), "images": images}))
    else:
        files = get_image_files(folder)
        split = {seed: RandomSplitter(0.2, seed)(files)[1] for seed in range(int(sys.argv[3]))}
        print(json.dumps({seed: [str(files[n]) for n in places] for seed, places in split.items()}))


if __name__ == "__main__":
    main()
