"""The learning-rate finder over all layers, on the shared photos, against fastai's `lr_find`.

    python -m benchmarks.find_rates

The same weights (EfficientNet-Lite0) and batches of 32; seconds of the call itself. Frozen, Whatsit's
features are there already.
"""

import json
import tempfile
import time

from benchmarks.peers import CLOTHING, HERE, fastai_python, timed
from whatsit import Catalog, Learner

BATCH = 32
BAR, FROZEN_BAR = 3.0, 5.0  # times, seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as project:
        learner = Learner(Catalog.from_folder(CLOTHING, project=project), size=224)
        started = time.perf_counter()
        learner.lr_find(bs=BATCH)
        frozen = time.perf_counter() - started
        learner.unfreeze()
        started = time.perf_counter()
        found = learner.lr_find(bs=BATCH)
        ours = time.perf_counter() - started
    print(f"frozen: {frozen:.1f} s (bar: {FROZEN_BAR:g} s) {'ok' if frozen <= FROZEN_BAR else 'NOT ok'}")
    fastest = f"{found.steep:.1e}" if found.steep else "none"
    print(f"all layers, whatsit: {ours:.0f} s, {len(found.lrs)} batches, fastest at {fastest}", flush=True)
    said = timed([fastai_python(), HERE / "fastai_peer.py", CLOTHING, "lr_find", BATCH])[1]
    reported = json.loads(said[said.rindex("{") : said.rindex("}") + 1])  # amid progress bars
    ratio = reported["seconds"] / ours
    print(
        f"all layers, fastai: {reported['seconds']:.0f} s, {reported['steps']} batches, "
        f"valley at {reported['rate']:.1e}"
    )
    print(f"whatsit is {ratio:.1f}x quicker (bar: {BAR:g}x) {'ok' if ratio >= BAR else 'NOT ok'}")


if __name__ == "__main__":
    main()
