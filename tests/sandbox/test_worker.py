"""The thread that waits for the database: what it does first, what it leaves undone, and how it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from package.sandbox.worker import Worker, _Job


@pytest.fixture
def worker() -> Iterator[Worker]:
    threads = set(threading.enumerate())
    worker = Worker()
    yield worker
    worker.stop()
    assert set(threading.enumerate()) <= threads


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
    begun, goes_on = threading.Event(), threading.Event()

    def busy() -> bool:
        begun.set()
        return goes_on.wait(60)

    async def ask() -> bool:
        loop = asyncio.get_running_loop()
        loop.call_soon(begun.wait, 60)  # Until then, no time passes for those who wait here.
        loop.call_later(0.2, goes_on.set)
        return await worker.do(busy, patience=0.1)

    assert asyncio.run(ask())


def test_what_begins_when_it_would_be_given_up_is_waited_for(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begun = threading.Event(), threading.Event()
    decide = _Job.decide

    def decide_late(job: _Job) -> bool:
        if threading.current_thread() is threading.main_thread():
            goes_on.set()
            assert begun.wait(60)
        return decide(job)

    def work() -> str:
        begun.set()
        return "done"

    async def ask() -> None:
        before = asyncio.create_task(worker.do(partial(goes_on.wait, 60)))
        await asyncio.sleep(0)  # Now it is queued.
        monkeypatch.setattr(_Job, "decide", decide_late)
        assert await worker.do(work, patience=0.01) == "done"
        await before

    asyncio.run(ask())


def test_a_machine_that_stood_still_is_no_reason_to_give_up(worker: Worker) -> None:
    goes_on = threading.Event()

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        before = asyncio.create_task(worker.do(partial(goes_on.wait, 60)))
        await asyncio.sleep(0)  # Now it is queued.
        loop.call_soon(time.sleep, 1.2)
        loop.call_later(1.3, goes_on.set)
        assert await worker.do(lambda: "done", patience=1) == "done"
        await before

    asyncio.run(ask())


def test_nobody_waits_for_what_it_was_doing_when_a_loop_was_closed(worker: Worker) -> None:
    goes_on, ended = threading.Event(), threading.Event()

    async def ask() -> None:
        begun, loop = asyncio.Event(), asyncio.get_running_loop()

        def busy() -> None:
            loop.call_soon_threadsafe(begun.set)
            goes_on.wait(60)
            ended.set()

        task = asyncio.create_task(worker.do(busy))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ask())
    goes_on.set()
    assert ended.wait(60)
    assert asyncio.run(worker.do(lambda: "still here")) == "still here"
