"""The thread that waits for the database: what it does first, what it leaves undone, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from package.sandbox.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    threads = set(threading.enumerate())
    worker = Worker()
    yield worker
    worker.stop()
    assert set(threading.enumerate()) == threads


def test_results_and_errors_come_back_from_the_thread(worker: Worker) -> None:
    async def ask() -> None:
        assert await worker.do(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await worker.do(lambda: 1 // 0)

    asyncio.run(ask())


def test_what_is_urgent_comes_first_and_what_was_cancelled_is_not_done(worker: Worker) -> None:
    done: list[str] = []

    async def ask() -> None:
        begun, goes_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def busy() -> None:
            loop.call_soon_threadsafe(begun.set)
            goes_on.wait(60)

        tasks = [asyncio.create_task(worker.do(busy))]
        await begun.wait()
        names = ("one", "cancelled", "two", "urgent")
        tasks += [
            asyncio.create_task(worker.do(partial(done.append, name), urgent=name == "urgent"))
            for name in names
        ]
        await asyncio.sleep(0)  # Now they are all queued.
        tasks[2].cancel()
        with pytest.raises(TimeoutError):
            await worker.do(partial(done.append, "late"), patience=0.01)
        goes_on.set()
        await asyncio.wait(tasks)

    asyncio.run(ask())
    assert done == ["urgent", "one", "two"]


def test_what_has_begun_may_take_its_time(worker: Worker) -> None:
    goes_on = threading.Event()

    async def ask() -> bool:
        asyncio.get_running_loop().call_later(0.6, goes_on.set)
        return await worker.do(partial(goes_on.wait, 60), patience=0.5)

    assert asyncio.run(ask())


def test_nobody_waits_for_what_it_was_doing_when_a_loop_was_closed(worker: Worker) -> None:
    goes_on, ended = threading.Event(), threading.Event()

    def busy() -> None:
        goes_on.wait(60)
        ended.set()

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(worker.do(busy), 0.01)

    asyncio.run(ask())
    goes_on.set()
    assert ended.wait(60)
    assert asyncio.run(worker.do(lambda: "still here")) == "still here"
