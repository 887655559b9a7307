"""How fastai 2.8 downloads and verifies pictures; runs in an environment of its own.

python fastai_download.py download LIST FOLDER   the addresses of a list, with 8 workers
python fastai_download.py verify FOLDER          all pictures of a folder
"""

import json
import sys
import time
from pathlib import Path

from fastai.data.transforms import get_image_files
from fastai.vision.utils import download_images, verify_images


def main() -> None:
    what, *places = sys.argv[1], *map(Path, sys.argv[2:])
    if what == "download":
        urls, folder = places[0].read_text().split(), places[1]
        started = time.perf_counter()
        download_images(folder, urls=urls, n_workers=8)
        seconds = time.perf_counter() - started
        pictures = sum(path.stat().st_size > 0 for path in folder.iterdir())
    else:
        files = get_image_files(places[0])
        started = time.perf_counter()
        failed = verify_images(files)
        seconds = time.perf_counter() - started
        pictures = len(files) - len(failed)
    print(json.dumps({"seconds": seconds, "pictures": pictures}))


if __name__ == "__main__":
    main()
