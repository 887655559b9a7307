import asyncio
import gc
import threading
import time
import weakref
from types import SimpleNamespace

import pytest

from whatsit.serving.pool import CALM, CROWDED, LONGEST, LateError, Pool


def test_queue_that_was_full_stays_short_until_nobody_is_refused_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed = [time.monotonic()]
    monkeypatch.setattr("whatsit.serving.pool.time", SimpleNamespace(monotonic=lambda: sum(passed)))
    go_on = threading.Semaphore(0)
    pool = Pool(processors=1, waiting=8)

    async def come(count: int) -> list[asyncio.Task[bool]]:
        coming = [
            asyncio.create_task(pool.run(lambda: go_on.acquire(timeout=10), 10, asyncio.sleep(10)))
            for _ in range(count)
        ]
        await asyncio.sleep(0)
        return coming

    async def finish(tasks: list[asyncio.Task[bool]]) -> None:
        go_on.release(len(tasks))
        assert all(await asyncio.gather(*tasks))

    async def visitors() -> None:
        calm = await come(8)
        await finish(calm[:7])
        assert (pool.taken, pool.is_full) == (1, False)
        many = [*calm[7:], *await come(8)]
        assert (pool.taken, pool.is_full) == (9, True)
        await finish(many[:5])
        assert (pool.taken, pool.is_full) == (4, True)
        await finish(many[5:7])
        assert (pool.taken, pool.is_full) == (CROWDED, False)
        more = await come(1)
        assert (pool.taken, pool.is_full) == (1 + CROWDED, True)
        for _ in range(int(LONGEST / CALM)):  # clients try again at once
            assert pool.is_full
            pool.note_refusal()
            passed.append(CALM * 0.99)
        assert pool.is_full
        passed.append(CALM)
        assert not pool.is_full
        await finish([*many[7:], *more])
        assert len(await come(8)) == pool.taken == 8
        assert not pool.is_full
        go_on.release(8)

    asyncio.run(visitors())
    pool.close()


class Held:
    users = 0

    def take(self) -> None:
        self.users += 1

    def release(self) -> None:
        self.users -= 1


def test_what_is_late_is_forgotten_and_what_has_begun_is_held_until_it_ends() -> None:
    go_on, pool, hold = threading.Event(), Pool(processors=1, waiting=8), Held()

    class Picture:
        pass

    async def visitors() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow() -> None:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)

        first = asyncio.create_task(pool.run(slow, 0.05, asyncio.sleep(10), hold))
        await begun.wait()
        waiting = Picture()
        seen = weakref.ref(waiting)
        with pytest.raises(LateError):
            await pool.run(lambda kept=waiting: kept, 0, asyncio.sleep(10), hold)
        del waiting
        gc.collect()
        assert seen() is None
        with pytest.raises(LateError):
            await first
        assert (hold.users, pool.taken) == (1, 1)
        go_on.set()
        assert await pool.run(lambda: "next", 10, asyncio.sleep(10), hold) == "next"
        assert (hold.users, pool.taken) == (0, 0)

    asyncio.run(visitors())
    pool.close()
