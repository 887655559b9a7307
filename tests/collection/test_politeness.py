"""Who is asked when: simulated hosts in simulated time, so that hours take no time."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from whatsit.collection.politeness import LONGEST_WAIT, RESTS, HostQueues
from whatsit.errors import FetchError


class NoTime(asyncio.SelectorEventLoop):
    """A loop in which nobody waits: where it would, the clock jumps."""

    def __init__(self) -> None:
        super().__init__(_Impatient())
        self.now = 0.0
        self._selector.loop = self  # type: ignore[attr-defined]

    def time(self) -> float:
        return self.now


class _Impatient(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    loop: NoTime

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = super().select(0)
        if not ready and timeout:
            self.loop.now += timeout
        return ready


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=NoTime) as runner:
        return runner.run(work)


def now() -> float:
    return asyncio.get_running_loop().time()


class Outcome:
    def __init__(self) -> None:
        self.kept: list[int] = []
        self.failed: list[int] = []
        self.postponed: list[int] = []


def serve(
    answer: Callable[[int], Awaitable[None]],
    count: int,
    per_host: int = 8,
    backoff: float = 0.5,
    hosts: int = 1,
) -> Outcome:
    outcome = Outcome()

    async def work(item: int) -> None:
        await answer(item)
        outcome.kept.append(item)

    async def all_of_them() -> None:
        queues = HostQueues(
            work,
            lambda item, error: outcome.failed.append(item),
            lambda item, error: outcome.postponed.append(item),
            8,
            256,
            backoff,
        )
        await queues.serve((f"host {item % hosts}", item) for item in range(count))

    run(all_of_them())
    return outcome


class Bucket:
    """A host that allows `rate` requests a second, and `burst` at once; the others hear 429."""

    def __init__(self, rate: float, burst: float, retry_after: float | None) -> None:
        self.rate, self.burst, self.retry_after = rate, burst, retry_after
        self.level, self.since = burst, 0.0
        self.answers: Counter[str] = Counter()
        self.reported = 0.0  # until when nobody may come
        self.early = 0

    async def __call__(self, item: int) -> None:
        self.early += now() < self.reported
        self.level = min(self.burst, self.level + (now() - self.since) * self.rate)
        self.since = now()
        await asyncio.sleep(0.1)
        if self.level >= 1:
            self.level -= 1
            self.answers["200"] += 1
            return
        self.answers["429"] += 1
        if self.retry_after is not None:
            self.reported = max(self.reported, now() + self.retry_after)
        raise FetchError("429", passing=True, wait=self.retry_after or 0.0)


@pytest.mark.parametrize(("rate", "burst", "retry_after"), [(1, 1, 1), (1, 1, 5), (2, 5, None), (10, 10, 2)])
def test_host_that_limits_its_rate_gives_all_in_the_end_and_is_not_hammered(
    rate: float, burst: float, retry_after: float | None
) -> None:
    host = Bucket(rate, burst, retry_after)
    outcome = serve(host, 100)
    assert sorted(outcome.kept) == list(range(100))
    assert host.answers["429"] <= 130
    assert host.early == 0  # what it asked to wait was waited, by all of its eight places


def test_the_longest_of_several_waits_counts() -> None:
    asked: list[float] = []

    async def host(item: int) -> None:
        asked.append(now())
        await asyncio.sleep(0.01)
        if len(asked) <= 8:
            raise FetchError("429", passing=True, wait=1.0 if item == 0 else 6.0)

    serve(host, 8)
    assert asked[7] < 1
    assert min(asked[8:]) >= 6


def test_after_a_refusal_a_host_gets_half_as_many_requests_and_slowly_more() -> None:
    busy, most = 0, Counter[int]()
    refused = False

    async def host(item: int) -> None:
        nonlocal busy, refused
        busy += 1
        most[int(refused)] = max(most[int(refused)], busy)
        await asyncio.sleep(1)
        busy -= 1
        if item == 3 and not refused:
            refused = True
            raise FetchError("503", passing=True, wait=0.0)

    outcome = serve(host, 30)
    assert len(outcome.kept) == 30
    assert most[0] == 8
    assert most[1] <= 7  # those in flight end first; never eight again so soon


def test_host_that_never_lets_up_is_left_for_another_day_with_all_that_waits() -> None:
    asked = 0

    async def host(item: int) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        raise FetchError("429", passing=True, wait=1.0)

    outcome = serve(host, 500)
    assert (outcome.kept, outcome.failed, len(outcome.postponed)) == ([], [], 500)
    assert asked <= 8 + 2 * RESTS + 4


def test_host_that_asks_for_an_hour_is_not_waited_for() -> None:
    async def host(item: int) -> None:
        await asyncio.sleep(0.01)
        assert now() < 1
        raise FetchError("429", passing=True, wait=LONGEST_WAIT + 1)

    assert len(serve(host, 50).postponed) == 50


def test_address_that_is_always_refused_fails_and_the_others_of_its_host_do_not() -> None:
    async def host(item: int) -> None:
        await asyncio.sleep(0.01)
        if item == 5:
            raise FetchError("503", passing=True, wait=0.0)

    outcome = serve(host, 200)
    assert len(outcome.kept) == 199
    assert outcome.failed + outcome.postponed == [5]


def test_failures_of_one_address_are_tried_three_times_later_and_later() -> None:
    times: list[float] = []

    async def host(item: int) -> None:
        times.append(now())
        raise FetchError("reset", passing=True)

    for _ in range(20):
        times.clear()
        assert serve(host, 1, backoff=2).failed == [0]
        first, second = times[1] - times[0], times[2] - times[1]
        assert len(times) == 3
        assert 1 <= first <= 3
        assert 2 <= second <= 6


def test_many_that_fail_at_once_do_not_come_back_at_once() -> None:
    times: list[float] = []

    async def host(item: int) -> None:
        times.append(now())
        raise FetchError("reset", passing=True)

    serve(host, 200, hosts=200, backoff=2)
    second = sorted(times)[200:400]
    assert len(set(second)) == 200
    assert second[-1] - second[0] > 1


def test_slow_host_does_not_hold_up_the_others() -> None:
    ended: dict[int, float] = {}

    async def answer(item: int) -> None:
        await asyncio.sleep(100 if item % 10 == 0 else 0.1)
        ended[item] = now()

    serve(answer, 400, hosts=10)
    assert max(time for item, time in ended.items() if item % 10) < 1
    assert max(ended.values()) == pytest.approx(500, abs=1)  # forty of them, eight at once


def test_unreachable_host_is_given_up_after_a_few_addresses() -> None:
    asked = 0

    async def host(item: int) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(10)
        raise FetchError("no answer", passing=True, unreachable=True)

    assert len(serve(host, 1000).failed) == 1000
    assert asked < 30


def test_any_other_error_ends_it() -> None:
    async def host(item: int) -> None:
        await asyncio.sleep(item)
        if item == 3:
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        serve(host, 20)
