"""What fastai 2.8 makes of an image folder; runs in an environment of its own.

python fastai_catalog.py list FOLDER             seconds and memory of get_image_files
python fastai_catalog.py open FOLDER             the same of its ImageDataLoaders, which list the files too
python fastai_catalog.py split FOLDER SEED ...   the validation files of its random split, for each seed
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


def count(what: str, folder: Path) -> int:
    if what == "list":
        return len(get_image_files(folder))
    data = ImageDataLoaders.from_folder(folder, valid_pct=0.2, seed=42, item_tfms=Resize(224))
    return len(data.train_ds) + len(data.valid_ds)


def main() -> None:
    what, folder, seeds = sys.argv[1], Path(sys.argv[2]), map(int, sys.argv[3:])
    if what == "split":
        files = get_image_files(folder)
        splits = {seed: RandomSplitter(0.2, seed)(files)[1] for seed in seeds}
        print(json.dumps({seed: [str(files[n]) for n in places] for seed, places in splits.items()}))
    else:
        before, started = peak(), time.perf_counter()
        images = count(what, folder)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "before": before, "peak": peak(), "images": images}))


if __name__ == "__main__":
    main()
