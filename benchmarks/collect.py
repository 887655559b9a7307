"""Downloading and verifying real photos: Whatsit against fastai, img2dataset and curl.

    python -m benchmarks.collect [--pictures 1000] [--rounds 3] [--skip-memory] [--as-installed]

A local server answers after 100 ms on each of 50 addresses. Times and pictures a second are of whole
processes, imports included; "itself" is the download or the call alone. Whatsit is as polite as it always is
(robots.txt, 8 connections per host), decodes every file to its end (JPEGs at a smaller scale), hashes it,
syncs it to the disk, and leaves out copies. fastai and curl look at nothing; img2dataset decodes, and encodes
again unless an option forbids it. fastai verifies by decoding at an eighth of the scale.

Everybody's bytecode is compiled before, unless all are to run as uv installs them and as they do where
PYTHONDONTWRITEBYTECODE is set.

The many pictures of the memory's measurement are the same photos turned in 8 ways, some of them twice.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import peers
from benchmarks.peers import CLOTHING, HERE, LOOPBACK, WHATSIT, peer_python, whole

MANY = 20_000
MEMORY = 250  # MB
FLAT = 1.25  # times the memory of 1,000 pictures
COLLECT = """
import sys, time
from pathlib import Path
from whatsit.collection import collect_lists, label_lists
started = time.perf_counter()
collect_lists(label_lists([Path(sys.argv[1])]), sys.argv[2], allow_private=True)
print(time.perf_counter() - started)
"""
VERIFY = """
import sys, time
from whatsit import verify_images
started = time.perf_counter()
verify_images(sys.argv[1])
print(time.perf_counter() - started)
"""


class Cost(NamedTuple):
    """`seconds` of the whole process and of the work `itself`; `peak` in MB; the pictures that came of it."""

    seconds: float
    itself: float
    peak: int
    pictures: int
    kept: int = 0


Measurement = Callable[[Path], Cost]  # into an empty folder


@contextmanager
def server() -> Iterator[int]:
    """The port of a picture server that lives as long as the block."""
    command = [sys.executable, "-m", "benchmarks.picture_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.kill()


def urls(port: int, count: int) -> list[str]:
    return [f"http://{LOOPBACK[number % len(LOOPBACK)]}:{port}/{number}.jpg" for number in range(count)]


def whatsit(addresses: Path, folder: Path) -> Cost:
    into = folder / "whole"
    run = whole([*WHATSIT, "collect", "--urls", addresses, "--into", into, "--allow-private", "--json"])
    tally = json.loads(run.output)["classes"][addresses.stem]
    assert sum(1 for _ in (into / addresses.stem).iterdir()) == tally["kept"]
    itself = float(whole([sys.executable, "-c", COLLECT, addresses, folder / "itself"]).output)
    return Cost(run.seconds, itself, run.peak, tally["downloaded"], tally["kept"])


def fastai(*words: object) -> Cost:
    run = whole([peer_python("fastai"), HERE / "fastai_download.py", *words], PYTHONWARNINGS="ignore")
    reported = json.loads(run.output.splitlines()[-1])
    return Cost(run.seconds, reported["seconds"], run.peak, reported["pictures"])


def img2dataset(addresses: Path, folder: Path, *options: str) -> Cost:
    command = [peer_python("img2dataset").with_name("img2dataset"), addresses, "--output_folder", folder]
    fixed = "--input_format txt --output_format files --resize_mode no --number_sample_per_shard 500"
    running = "--processes_count 2 --thread_count 64"
    # Without the first variable it asks for its newest version on the web, and waits for the answer.
    environment = {"NO_ALBUMENTATIONS_UPDATE": 1, "TQDM_DISABLE": 1, "TMPDIR": addresses.parent}
    run = whole([*command, *fixed.split(), *running.split(), *options], **environment)
    shards = [json.loads(path.read_text()) for path in folder.glob("*_stats.json")]
    began, ended = min(shard["start_time"] for shard in shards), max(shard["end_time"] for shard in shards)
    return Cost(run.seconds, ended - began, run.peak, sum(1 for _ in folder.glob("*/*.jpg")))


def curl(addresses: Path, folder: Path) -> Cost:
    lines = addresses.read_text().split()
    config = folder / "curl.txt"
    config.write_text("".join(f'url = "{url}"\noutput = "{folder}/{n}.jpg"\n' for n, url in enumerate(lines)))
    run = whole(
        ["curl", "--no-progress-meter", "--fail", "--parallel", "--parallel-max", 128, "--config", config]
    )
    return Cost(run.seconds, run.seconds, run.peak, sum(1 for _ in folder.glob("*.jpg")))


def whatsit_verify(folder: Path) -> Cost:
    run = whole([*WHATSIT, "verify", folder, "--json"])
    reported = json.loads(run.output)
    itself = float(whole([sys.executable, "-c", VERIFY, folder]).output)
    return Cost(run.seconds, itself, run.peak, reported["pictures"] - len(reported["unreadable"]))


def in_turn(work: Path, measurements: Mapping[str, Measurement], rounds: int) -> dict[str, Cost]:
    """The medians of every measurement, after a round that does not count: it leaves all bytecode.

    What they wrote stays until the end: ext4 is slow to make files for 5 seconds after many were deleted.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in measurements}
    for _ in range(1 + rounds):
        for name, measure in measurements.items():
            costs[name].append(measure(Path(tempfile.mkdtemp(dir=work))))
    return {name: Cost(*map(median, zip(*found[1:], strict=True))) for name, found in costs.items()}


def head(title: str) -> None:
    print(
        f"\n{title:<48}{'seconds':>9}{'itself':>9}{'peak MB':>9}{'pictures':>10}{'a second':>10}", flush=True
    )


def tell(name: str, cost: Cost, note: str = "") -> None:
    rate = cost.pictures / cost.seconds
    print(
        f"{name:<48}{cost.seconds:>9.2f}{cost.itself:>9.2f}{cost.peak:>9.0f}{cost.pictures:>10,.0f}{rate:>10.0f}"
        f"  {note}",
        flush=True,
    )


def judge(value: float, bar: float) -> str:
    return f"{value:.2f}x (target: {bar:g}x) {'ok' if value >= bar else 'NOT ok'}"


def faster(ours: Cost, peer: Cost) -> float:
    """How many times as many pictures a second."""
    return ours.pictures / ours.seconds / (peer.pictures / peer.seconds)


def downloads(work: Path, port: int, count: int, rounds: int) -> Cost:
    addresses = work / "photos.txt"
    addresses.write_text("\n".join(urls(port, count)))
    measurements: dict[str, Measurement] = {
        "whatsit collect": lambda into: whatsit(addresses, into),
        "fastai download_images": lambda into: fastai("download", addresses, into),
        "img2dataset": lambda into: img2dataset(addresses, into),
        "img2dataset, not encoding again": lambda into: img2dataset(
            addresses, into, "--disable_all_reencoding", "True"
        ),
    }
    if shutil.which("curl"):
        measurements["curl --parallel"] = lambda into: curl(addresses, into)
    found = in_turn(work, measurements, rounds)
    ours = found["whatsit collect"]
    head(f"{count:,} downloads, medians of {rounds}")
    bars = {"fastai download_images": 5.0, "img2dataset": 4.0}
    for name, cost in found.items():
        if name == "whatsit collect":
            tell(name, cost, f"{cost.kept:,.0f} kept")
        elif name in bars:
            tell(name, cost, judge(faster(ours, cost), bars[name]))
        else:
            tell(name, cost, f"{faster(ours, cost):.2f}x")
    if not shutil.which("curl"):
        print("curl --parallel: there is no curl here", flush=True)
    return ours


def verifying(work: Path, count: int, rounds: int) -> None:
    photos = work / "verify" / "photos"
    photos.mkdir(parents=True)
    for path in sorted(CLOTHING.glob("*/*/*.jpg"))[:count]:
        shutil.copy(path, photos)
    found = in_turn(
        work,
        {
            "whatsit verify": lambda into: whatsit_verify(photos.parent),
            "fastai verify_images": lambda into: fastai("verify", photos),
        },
        rounds,
    )
    ours, peer = found.values()
    head(f"{len([*photos.iterdir()]):,} photos verified, medians of {rounds}")
    tell("whatsit verify", ours)
    tell("fastai verify_images", peer, f"whole process: {judge(faster(ours, peer), 1.5)}")
    itself = ours.pictures / ours.itself / (peer.pictures / peer.itself)
    print(f"{'':<48}{'':>47}  the call itself: {judge(itself, 1.5)}", flush=True)


def memory(work: Path, port: int, few: Cost) -> None:
    addresses = work / "many.txt"
    addresses.write_text("\n".join(urls(port, MANY)))
    many = whatsit(addresses, Path(tempfile.mkdtemp(dir=work)))
    head(f"{MANY:,} downloads")
    verdict = "ok" if max(few.peak, many.peak) <= MEMORY else "NOT ok"
    tell("whatsit collect", many, f"{many.kept:,.0f} kept; target: {MEMORY} MB, {verdict}")
    growth = many.peak / few.peak
    verdict = "ok" if growth <= FLAT else "NOT ok"
    print(f"memory: {growth:.2f}x that of {few.pictures:,.0f} pictures (flat: {FLAT}x) {verdict}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-memory", action="store_true", help=f"do not fetch {MANY:,} pictures")
    parser.add_argument("--as-installed", action="store_true", help="nobody's bytecode is kept")
    options = parser.parse_args()
    peers.keeps_bytecode = not options.as_installed
    for peer in ("fastai", "img2dataset"):
        peer_python(peer)
    with tempfile.TemporaryDirectory() as folder, server() as port:
        work = Path(folder)
        ours = downloads(work, port, options.pictures, options.rounds)
        verifying(work, options.pictures, options.rounds)
        if not options.skip_memory:
            memory(work, port, ours)


if __name__ == "__main__":
    main()
