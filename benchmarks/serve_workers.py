"""`whatsit serve` by one process and by several, on all processors but the one of the client.

python -m benchmarks.serve_workers [--seconds 5] [--precision fp32]
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import serve
from benchmarks.servers import Form, Peer, Work, photos, prepare, running, whatsit


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    options = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    mine, theirs = set(processors[-1:]), set(processors[:-1] or processors)
    os.sched_setaffinity(0, theirs)
    with tempfile.TemporaryDirectory() as folder:
        work, seen = prepare(Path(folder)), photos()
        alone = 0.0
        for count in sorted({1, 2, max(1, len(theirs) // 2), len(theirs)}):
            if count > len(theirs):
                continue
            peer = Peer(
                f"{count} processes",
                whatsit("--precision", options.precision, "--no-log", "--workers", count),
                Form("/classify"),
            )
            found = measured(peer, work, seen, options.seconds, mine, theirs)
            alone = alone or found.rate
            print(
                f"{len(theirs)} cores, {count} process(es): {found.rate:.0f} requests/s, "
                f"{found.rate / alone:.2f}x one, p50 {found.p50:.0f} ms, p99 {found.p99:.0f} ms, "
                f"refused or failed {found.failed:.0f}",
                flush=True,
            )


def measured(
    peer: Peer, work: Work, seen: list[bytes], seconds: float, mine: set[int], theirs: set[int]
) -> serve.Load:
    """What a server on `theirs` answers to a client on `mine`."""
    with running(peer, work, seen[0]) as server:
        os.sched_setaffinity(0, mine)
        try:
            connections = 8 * len(theirs)
            serve.wrk(server, seen, work, serve.WARM, connections)
            return serve.wrk(server, seen, work, seconds, connections)
        finally:
            os.sched_setaffinity(0, theirs)


if __name__ == "__main__":
    main()
