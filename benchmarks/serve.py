"""`whatsit serve` against other ways to put a classifier behind HTTP, on the same photos.

wrk keeps 16 connections busy; every server by its documented defaults, one after the other, in many short
rounds, while the others are stopped (SIGSTOP). Ratios are those of one round, and medians of all rounds. The
peers run the bundle's own graph in onnxruntime (fp32); the lesson's way runs the same network in fastai, with
a head that is not trained. Each gets a picture in the form that it documents. Gradio, which takes three
requests for one picture, is asked by a client of our own, with a connection for each.

The bound is what decoding and the engine would do on all cores if nothing were lost between them.
`python -m benchmarks.serve_overload` measures what happens when too many come.

    python -m benchmarks.serve [--rounds 8] [--seconds 3] [--only NAME]
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import exchange
from benchmarks.collect import judge
from benchmarks.exchange import GradioForm, percentile
from benchmarks.features import rate
from benchmarks.peers import HERE
from benchmarks.servers import (
    LESSON,
    PEERS,
    WHATSIT_BF16,
    WHATSIT_FP32,
    FailedError,
    Peer,
    Running,
    Work,
    export_learner,
    photos,
    prepare,
    running,
)
from whatsit import Classifier
from whatsit.parallel import in_parallel

CONNECTIONS = 16
WARM = 2.0  # seconds, before the first round
REPEATS = 10  # of the photos, for the bound
ALL = (WHATSIT_FP32, WHATSIT_BF16, *PEERS)


class Cost(NamedTuple):
    """Of a round: answers a second, milliseconds, answers that were none, the client's share of all cores,
    seconds until the first answer, and megabytes at the end.
    """

    rate: float
    p50: float
    p99: float
    failed: float
    client: float
    ready: float
    memory: float
    rss: float


class Load(NamedTuple):
    rate: float
    p50: float
    p99: float
    failed: float
    client: float


def wrk(
    server: Running, seen: Sequence[bytes], work: Work, seconds: float, connections: int = CONNECTIONS
) -> Load:
    folder = work.folder / "requests"
    folder.mkdir(exist_ok=True)
    for number, photo in enumerate(seen):
        (folder / str(number)).write_bytes(server.peer.form.request(photo, server.port, keep_alive=True))
    script = [f"-s{HERE / 'serve.lua'}", f"http://127.0.0.1:{server.port}", "--", folder, len(seen)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", *script]
    began, used = time.perf_counter(), _children()
    run = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    share = (_children() - used) / (time.perf_counter() - began) / (os.cpu_count() or 1)
    load = json.loads(run.stdout.splitlines()[-1])
    failed = load["refused"] + load["failed"]
    return Load(
        (load["requests"] - load["refused"]) / load["seconds"],
        load["p50"],
        load["p99"],
        failed,
        share,
    )


def own_client(server: Running, seen: Sequence[bytes], work: Work, seconds: float) -> Load:
    began, used = time.perf_counter(), time.process_time()
    form = server.peer.form
    found = asyncio.run(exchange.in_circles(form, seen, server.port, CONNECTIONS, seconds))
    passed = time.perf_counter() - began
    share = (time.process_time() - used) / passed / (os.cpu_count() or 1)
    took = [1000 * one.seconds for one in found if one.status == 200]
    return Load(len(took) / passed, percentile(took, 50), percentile(took, 99), len(found) - len(took), share)


def load(server: Running, work: Work, seen: Sequence[bytes], seconds: float) -> Load:
    """What a server answers in so many seconds. Raises FailedError."""
    send = own_client if isinstance(server.peer.form, GradioForm) else wrk
    server.resume()
    try:
        found = send(server, seen, work, seconds)
    finally:
        server.pause()
    server.require_alive()
    if not found.rate:
        raise FailedError("it answered nothing")
    return found


def measured(server: Running, work: Work, seen: Sequence[bytes], seconds: float) -> Cost:
    """One round. Raises FailedError."""
    found = load(server, work, seen, seconds)
    return Cost(*found, server.ready, server.memory(), server.rss())


def begun(peer: Peer, work: Work, seen: Sequence[bytes], until: ExitStack) -> Running:
    """A server that is warm, and stopped. Raises FailedError."""
    server = until.enter_context(running(peer, work, seen[0]))
    load(server, work, seen, WARM)
    return server


def labels(peer: Peer, work: Work, seen: Sequence[bytes]) -> list[str]:
    """What a server answers to each photo. Raises FailedError."""
    with running(peer, work, seen[0]) as server:
        answers = [asyncio.run(exchange.timed(peer.form, photo, server.port, 0.0)) for photo in seen]
    if any(one.status != 200 for one in answers):
        raise FailedError(f"answers {[one.status for one in answers]}")
    return [_label(one.body) for one in answers]


def _label(body: bytes) -> str:
    if body.startswith(b"event:"):  # of Gradio
        body = body.partition(b"data: ")[2].partition(b"\n")[0]
        return str(json.loads(body)[0]["label"])
    return str(json.loads(body)["predictions"][0][0])


def bound(work: Work, seen: Sequence[bytes]) -> dict[str, float]:
    """Pictures a second by precision, where nothing is lost between decoding and the engine."""
    many, found = [*seen] * REPEATS, {}
    for precision in ("fp32", "bf16"):
        classifier = Classifier(work.bundle, precision=precision)
        load, engine = classifier.model.preprocess.load, classifier.model.engine
        pixels = [load(photo)[None] for photo in seen] * REPEATS
        decode = rate(len(many), lambda load=load: list(in_parallel(load, many)))
        alone = rate(len(many), lambda e=engine, p=pixels: list(in_parallel(e, p)))
        found[precision] = 1 / (1 / decode + 1 / alone)
    return found


def attempt(name: str, failed: dict[str, str], work: Callable[[], object]) -> object:
    """What came of it, or None, and why it failed."""
    try:
        return work()
    except (FailedError, OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
        failed[name] = f"{type(error).__name__}: {error}"
        print(f"{name} failed: {failed[name]}", file=sys.stderr, flush=True)
        return None


def table(costs: dict[str, list[Cost]], failed: dict[str, str], same: dict[str, str]) -> None:
    middle = {name: Cost(*map(median, zip(*found, strict=True))) for name, found in costs.items() if found}
    print(
        f"\n{CONNECTIONS} connections{'':<25}{'requests/s':>12}{'p50 ms':>16}{'p99 ms':>16}{'ready s':>9}"
        f"{'MB':>6}{'failed':>8}{'client':>8}  same labels"
    )
    for name, cost in middle.items():
        ratios = ["", "", ""]
        if name != WHATSIT_FP32.name and WHATSIT_FP32.name in middle:
            ratios = [f"{ratio(costs, name, which):.2f}x" for which in ("rate", "p50", "p99")]
        print(
            f"{name:<39}{cost.rate:>7.1f}{ratios[0]:>7}{cost.p50:>9.1f}{ratios[1]:>7}"
            f"{cost.p99:>9.1f}{ratios[2]:>7}{cost.ready:>9.2f}{cost.memory:>6.0f}"
            f"{cost.failed:>8.0f}{cost.client:>8.1%}  {same.get(name, '')}"
        )
    for name, why in failed.items():
        print(f"{name:<39}failed: {why}")
    print("x: how many times better `whatsit serve` is in fp32; client: its share of all cores", flush=True)
    if WHATSIT_FP32.name in middle:
        goals(costs, middle[WHATSIT_FP32.name])


def ratio(costs: dict[str, list[Cost]], name: str, which: str) -> float:
    """How many times better `whatsit serve` is than another server: the median of all rounds."""
    pairs = zip(costs[WHATSIT_FP32.name], costs[name], strict=False)
    ratios = [getattr(ours, which) / getattr(other, which) for ours, other in pairs]
    return median(ratios) if which == "rate" else median(1 / one for one in ratios)


def goals(costs: dict[str, list[Cost]], ours: Cost) -> None:
    if costs.get(LESSON.name):
        rate, p50, p99 = (ratio(costs, LESSON.name, which) for which in ("rate", "p50", "p99"))
        print(f"against the lesson's way: requests/s {judge(rate, 5)}")
        print(f"{'':<26}p50 {judge(p50, 4)}, p99 {judge(p99, 4)}")
    if others := [ratio(costs, peer.name, "rate") for peer in PEERS if costs.get(peer.name)]:
        print(f"against the best of the others: requests/s {judge(min(others), 1.2)}")
    goals = [(ours.ready, 1.5, "s until the first answer"), (ours.rss, 350, "MB (RSS)")]
    goals.append((100 * ours.client, 5, "% of all cores for wrk"))
    for value, most, unit in goals:
        print(f"{value:.2f} {unit} (target: at most {most}) {'ok' if value <= most else 'NOT ok'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="", help="only servers with this in their names")
    options = parser.parse_args()
    chosen = [peer for peer in ALL if options.only in peer.name]
    costs: dict[str, list[Cost]] = {peer.name: [] for peer in chosen}
    failed: dict[str, str] = {}
    shares: dict[str, list[float]] = {"fp32": [], "bf16": []}
    with tempfile.TemporaryDirectory() as folder:
        work, seen = prepare(Path(folder)), photos()
        if LESSON in chosen:
            attempt(LESSON.name, failed, lambda: export_learner(work))
        # A round that does not count: it leaves all bytecode, and shows whether all answer the same.
        known = {
            peer.name: attempt(peer.name, failed, lambda p=peer: labels(p, work, seen)) for peer in chosen
        }
        first = next((found for found in known.values() if found), [])
        same = {
            peer.name: f"{sum(map(str.__eq__, known[peer.name], first))} of {len(seen)}"
            for peer in chosen
            if known[peer.name] and peer.is_comparable
        }
        with ExitStack() as until:
            servers = {
                peer: attempt(peer.name, failed, lambda p=peer: begun(p, work, seen, until))
                for peer in chosen
                if peer.name not in failed
            }
            for number in range(options.rounds):
                limit = bound(work, seen)
                for peer, server in servers.items():
                    if peer.name in failed:
                        continue
                    cost = attempt(
                        peer.name, failed, lambda s=server: measured(s, work, seen, options.seconds)
                    )
                    if cost:
                        costs[peer.name].append(cost)
                for peer, precision in ((WHATSIT_FP32, "fp32"), (WHATSIT_BF16, "bf16")):
                    if len(costs.get(peer.name, [])) > number:
                        shares[precision].append(costs[peer.name][number].rate / limit[precision])
                rates = {name: round(found[-1].rate, 1) for name, found in costs.items() if found}
                print(f"round {number + 1}: {rates}, bound {limit}", flush=True)
    table(costs, failed, same)
    for precision, found in shares.items():
        if found:
            print(f"of the bound, {precision}: {judge(median(found), 0.75)}", flush=True)


def _children() -> float:
    """Processor seconds of the children that have ended."""
    used = os.times()
    return used.children_user + used.children_system


if __name__ == "__main__":
    main()
