"""What servers do when five times as many visitors come as they can answer.

The server has one core, the clients another one. Every visitor has a connection of its own, comes at random
whether the others have their answers or not, and leaves after 10 seconds; latencies count from when the
visitor came. The capacity is that of the same clients in a closed loop, unloaded is one at a time. A server
has recovered when one visitor every 100 ms is answered within twice the unloaded p99.

Refused is what gets 503 or 429; failed what gets no answer, a reset, or another status. Of servers that fetch
pictures from addresses, the last column has how many attacks on inner addresses got through (serve_attacks).

    python -m benchmarks.serve_overload [--seconds 60] [--peer-seconds 20] [--times 5] [--only NAME]
"""

import argparse
import asyncio
import math
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.collect import judge
from benchmarks.exchange import Form, Outcome, at_rate, in_circles, percentile, timed
from benchmarks.serve import ALL, attempt
from benchmarks.serve_attacks import reached
from benchmarks.servers import (
    LESSON,
    WHATSIT_BF16,
    WHATSIT_FP32,
    FailedError,
    Peer,
    Running,
    Work,
    export_learner,
    photos,
    prepare,
    require_taskset,
    running,
)

CONNECTIONS = 4  # busy at a time: enough for one core
CALM = 8.0  # seconds for the capacity and for what is unloaded, each
REFUSED = (429, 503)
PROBE, PROBES, PATIENCE = 0.1, 20, 20.0  # seconds between probes, how many good ones, and until when


class Verdict(NamedTuple):
    """Rates a second, latencies in milliseconds; `recovered` in seconds; `client`: share of their core."""

    capacity: float
    unloaded: float
    answered: float
    refused: float
    failed: float
    answered_p99: float
    refused_p95: float
    recovered: float
    memory: tuple[float, float]
    client: float
    attacks: str


def measured(peer: Peer, work: Work, seen: Sequence[bytes], times: float, seconds: float) -> Verdict:
    """What becomes of a server. Raises FailedError."""
    cores = sorted(os.sched_getaffinity(0))
    with running(peer, work, seen[0], cores[0]) as server:
        os.sched_setaffinity(0, cores[1:2])
        try:
            return _measured(server, seen, times, seconds)
        finally:
            os.sched_setaffinity(0, cores)


def _measured(server: Running, seen: Sequence[bytes], times: float, seconds: float) -> Verdict:
    form, port = server.peer.form, server.port
    attacks = str(reached(server.peer.ask_url, port, seen[0])) if server.peer.ask_url else "fetches nothing"
    asyncio.run(in_circles(form, seen, port, CONNECTIONS, CALM / 4))
    alone = _answered(asyncio.run(in_circles(form, seen, port, 1, CALM)))
    began = time.perf_counter()
    busy = _answered(asyncio.run(in_circles(form, seen, port, CONNECTIONS, CALM)))
    capacity = len(busy) / (time.perf_counter() - began)
    if not busy or not alone:
        raise FailedError("it answered nothing")
    unloaded, before, used = percentile(alone, 99), server.memory(), time.process_time()

    async def flood() -> tuple[list[Outcome], float]:
        found = await at_rate(form, seen, port, times * capacity, seconds)
        return found, time.process_time() - used

    found, processor = asyncio.run(flood())
    last = max(one.began + one.seconds for one in found)
    began = min(one.began for one in found)
    came = began + seconds  # when the last visitor came: what is answered later is not capacity of that time
    recovered = asyncio.run(_recovery(form, seen, port, came, 2 * unloaded))
    good = [one for one in found if one.status == 200]
    refused = [one.seconds for one in found if one.status in REFUSED]
    in_time = sum(one.began + one.seconds <= came for one in good)
    return Verdict(
        capacity,
        1000 * unloaded,
        in_time / seconds,
        len(refused) / seconds,
        (len(found) - len(good) - len(refused)) / seconds,
        1000 * percentile([one.seconds for one in good], 99),
        1000 * percentile(refused, 95),
        recovered,
        (before, server.memory()),
        processor / (last - began),
        attacks,
    )


def _answered(found: Sequence[Outcome]) -> list[float]:
    return [one.seconds for one in found if one.status == 200]


async def _recovery(form: Form, seen: Sequence[bytes], port: int, since: float, most: float) -> float:
    """Seconds until a server answers visitors as if it had never been overloaded; NaN where it does not.

    Counted from `since`, when the last visitor of the flood came; those who still wait are gone by now, as
    the client has waited for them.
    """
    good, first, begin = 0, since, time.perf_counter()
    while time.perf_counter() < begin + PATIENCE:
        now = time.perf_counter()
        one = await timed(form, seen[good], port, now)
        if one.status == 200 and one.seconds <= most:
            first, good = (now if good == 0 else first), good + 1
            if good == PROBES:
                return first - since
        else:
            good = 0
        await asyncio.sleep(max(0.0, now + PROBE - time.perf_counter()))
    return math.nan


def tell(name: str, found: Verdict) -> None:
    print(
        f"{name:<39}{found.capacity:>9.1f}{found.unloaded:>9.1f}{found.answered:>10.1f}"
        f"{found.answered / found.capacity:>7.2f}{found.answered_p99:>10.1f}"
        f"{found.answered_p99 / found.unloaded:>7.1f}x{found.refused:>10.1f}{found.refused_p95:>9.1f}"
        f"{found.failed:>9.1f}{found.recovered:>11.1f}{found.memory[0]:>7.0f} -{found.memory[1]:>5.0f}"
        f"{found.client:>8.0%}  {found.attacks}",
        flush=True,
    )


def head(times: float) -> None:
    print(
        f"\n{times:g} times the capacity{'':<19}{'capacity':>9}{'p99 ms':>9}{'answered':>10}{'share':>7}"
        f"{'p99 ms':>10}{'':>8}{'refused':>10}{'p95 ms':>9}{'failed':>9}{'recovered':>11}{'MB':>14}"
        f"{'client':>8}  attacks that got through",
        flush=True,
    )


def goals(name: str, found: Verdict) -> None:
    print(f"{name}: answered, share of the capacity {judge(found.answered / found.capacity, 0.85)}")
    for value, most, unit in (
        (found.refused_p95, 50, "ms until refused (p95)"),
        (found.answered_p99 / found.unloaded, 5, "times the unloaded p99"),
        (found.recovered, 2, "s until recovered"),
    ):
        print(f"{'':<20}{value:.2f} {unit} (target: at most {most}) {'ok' if value <= most else 'NOT ok'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--peer-seconds", type=float, default=20, help="of the flood for the peers")
    parser.add_argument("--times", type=float, default=5, help="the capacity")
    parser.add_argument("--only", default="", help="only servers with this in their names")
    options = parser.parse_args()
    require_taskset()
    verdicts: dict[str, Verdict] = {}
    failed: dict[str, str] = {}
    ours = (WHATSIT_FP32, WHATSIT_BF16)
    with tempfile.TemporaryDirectory() as folder:
        work, seen = prepare(Path(folder)), photos()
        head(options.times)
        for peer in ALL:
            if options.only not in peer.name:
                continue
            if peer is LESSON and not attempt(peer.name, failed, lambda: export_learner(work)):
                continue
            seconds = options.seconds if peer in ours else options.peer_seconds
            found = attempt(
                peer.name, failed, lambda p=peer, s=seconds: measured(p, work, seen, options.times, s)
            )
            if found:
                verdicts[peer.name] = found
                tell(peer.name, found)
    for name, why in failed.items():
        print(f"{name:<39}failed: {why}")
    for peer in ours:
        if peer.name in verdicts:
            goals(peer.name, verdicts[peer.name])


if __name__ == "__main__":
    main()
