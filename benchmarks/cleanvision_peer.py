"""What cleanvision 0.3 finds in an image folder; runs in an environment of its own.

python cleanvision_peer.py FOLDER    its score (small is bad) and verdict for every file and kind, and seconds
"""

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

from cleanvision import Imagelab

KINDS = {
    "blank": "low_information",
    "dark": "dark",
    "blurred": "blurry",
    "tiny": "odd_size",
    "extreme shape": "odd_aspect_ratio",
}


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        lab = Imagelab(data_path=str(folder))
        lab.find_issues({name: {} for name in KINDS.values()}, n_jobs=2, verbose=False)
    seconds = time.perf_counter() - started
    table = lab.issues
    table.index = [os.path.relpath(path, folder) for path in table.index]
    found = {
        kind: {
            "score": table[f"{name}_score"].astype(float).to_dict(),
            "is_bad": table[f"is_{name}_issue"].astype(bool).to_dict(),
        }
        for kind, name in KINDS.items()
    }
    print(json.dumps({"seconds": seconds, "kinds": found}))


if __name__ == "__main__":
    main()
