"""How many processors this process may use: its affinity, and the quota of its control groups (Linux)."""

import math
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

GROUPS, MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def available(groups: Path = GROUPS, mounted: Path = MOUNTED) -> int:
    """The processors of this process, or its quota rounded up where that is smaller; at least 1."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):  # Linux only
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, min(count or 1, math.ceil(min(quota(groups, mounted), 1 << 20))))


def quota(groups: Path = GROUPS, mounted: Path = MOUNTED) -> float:
    """Processors' worth of time that the control groups of this process allow; infinity without a limit.

    `groups` lists them, https://docs.kernel.org/admin-guide/cgroup-v2.html has the files. The limit of every
    group above counts too. In a container the groups may be listed as the host sees them while only the
    container's own is mounted: the folders that do not exist are passed over.
    """
    allowed = math.inf
    try:
        lines = groups.read_text().splitlines()
    except (OSError, ValueError):  # not Linux
        return allowed
    for line in lines:
        _, controllers, name = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = PurePosixPath("/", name).relative_to("/")
        roots = [mounted / controllers, mounted / "cpu"] if controllers else [mounted, mounted / "unified"]
        for root in roots:
            for place in (group, *group.parents):
                allowed = min(allowed, _limit(root / place))
    return allowed


def _limit(group: Path) -> float:
    """The limit of one group, of version 2 (`cpu.max`) or 1; infinity where it has none."""
    with suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text().split()
        return _share(quota, period)
    with suppress(OSError, ValueError):
        return _share((group / "cpu.cfs_quota_us").read_text(), (group / "cpu.cfs_period_us").read_text())
    return math.inf


def _share(time: str, period: str) -> float:
    return int(time) / int(period) if int(time) > 0 and int(period) > 0 else math.inf
