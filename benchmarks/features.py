"""Photos per second from JPEG files to features, against what decoding and inference alone allow.

Decoding, the engine and the whole way are measured in turn on the same photos, and PyTorch eager beside
them. The bound is 1 / (1/decode + 1/engine): what the processors would do if nothing were lost between.

    python -m benchmarks.features [--photos 600] [--rounds 3]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers import CLOTHING, timm_lite0
from whatsit.catalog import Catalog
from whatsit.engine import Engine
from whatsit.parallel import in_parallel, threads
from whatsit.project import FeatureStore
from whatsit.training.backbone import load_backbone
from whatsit.training.features import Extractor


def rate(photos: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return photos / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    catalog = Catalog.from_folder(CLOTHING, lasting=False)
    catalog = catalog.select(np.arange(min(options.photos, len(catalog))))
    backbone = load_backbone()
    preprocess = backbone.preprocess
    paths = [item.path for item in catalog]
    pixels = list(in_parallel(preprocess.load, paths))
    rates: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], object]) -> float:
        rates.setdefault(name, []).append(rate(len(paths), work))
        return rates[name][-1]

    for _ in range(options.rounds):
        decode = note("decode", lambda: list(in_parallel(preprocess.load, paths)))
        for precision in ("bf16", "fp32"):
            engine = Engine(backbone.network, precision)
            alone = note(
                f"{precision} engine", lambda e=engine: list(in_parallel(lambda x: e(x[None]), pixels))
            )
            with tempfile.TemporaryDirectory() as folder:
                store = FeatureStore(Path(folder))
                name = f"{precision} files to features"
                reached = note(
                    name, lambda p=precision, s=store: Extractor(backbone, preprocess, p, s)(catalog)
                )
            rates.setdefault(f"{precision} of the bound", []).append(reached * (1 / decode + 1 / alone))
    import torch

    torch.set_num_threads(threads())
    body = timm_lite0()
    few = pixels[: min(128, len(pixels))]

    @torch.inference_mode()
    def eager() -> None:
        for start in range(0, len(few), 32):
            batch = (
                torch.from_numpy(np.stack(few[start : start + 32])).permute(0, 3, 1, 2).float() / 127.5 - 1
            )
            body(batch.to(memory_format=torch.channels_last))

    eager()
    rates["PyTorch eager, channels_last, network alone"] = [
        rate(len(few), eager) for _ in range(options.rounds)
    ]
    print(f"{len(paths)} photos, {threads()} threads, median of {options.rounds} rounds")
    for name, values in rates.items():
        middle = statistics.median(values)
        print(f"{name:<45}" + (f"{middle:8.3f}" if "bound" in name else f"{middle:8.0f} photos/s"))


if __name__ == "__main__":
    main()
