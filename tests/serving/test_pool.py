import asyncio
import threading

from whatsit.serving.pool import CROWDED, Pool


def test_queue_that_was_full_stays_short_until_nobody_waits() -> None:
    go_on = threading.Semaphore(0)
    pool = Pool(workers=1, waiting=8)

    async def come(count: int) -> list[asyncio.Task[bool]]:
        coming = [
            asyncio.create_task(pool.run(lambda _: go_on.acquire(timeout=10), 10, asyncio.sleep(10)))
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
        crowd = [*calm[7:], *await come(8)]
        assert (pool.taken, pool.is_full) == (9, True)
        await finish(crowd[:5])
        assert (pool.taken, pool.is_full) == (4, True)
        await finish(crowd[5:7])
        assert (pool.taken, pool.is_full) == (CROWDED, False)
        more = await come(1)
        assert (pool.taken, pool.is_full) == (1 + CROWDED, True)
        await finish([*crowd[7:], *more])
        assert len(await come(8)) == pool.taken == 8
        assert not pool.is_full
        go_on.release(8)

    asyncio.run(visitors())
    pool.close()
