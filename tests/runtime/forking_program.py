"""A program that forks after its client was used: `python -m tests.runtime.forking_program`, and as below.

Its processes send through the client, one by one and in bulk, and check that each answer is their own. It
fails if one was not, or if a child hung.
"""

from __future__ import annotations

import asyncio
import faulthandler
import multiprocessing
import os
import sys
import threading
import traceback
from typing import Any

from package._bulk.report import UpsertReport
from package._runtime import fork

from tests.runtime.echo_server import AsyncClient, Client, id_of

ROUNDS = 2
PATIENCE = 90


def token() -> str:
    return f"process-{os.getpid()}"


def records(name: str) -> list[dict[str, str]]:
    return [{"email": f"{name}-{number}@example.com", "firstname": name} for number in range(45)]


def check(report: UpsertReport) -> None:
    wrong = [one for one in report.outcomes if one.id != id_of(one.record["email"])]
    assert not wrong, f"{token()} has {wrong[0]}"


class Sync:
    def __init__(self, url: str, transport: Any) -> None:
        self.client = Client(token, base_url=url, transport=transport)

    def work(self, name: str) -> None:
        contacts = self.client.contacts
        for number in range(10):
            assert contacts.get(contact_id=f"{name}-{number}").id == f"{name}-{number}"
        check(contacts.upsert(records(name), id_property="email"))


class Async:
    def __init__(self, url: str, transport: Any) -> None:
        self.client = AsyncClient(token, base_url=url, transport=transport)

    def work(self, name: str) -> None:
        asyncio.run(self.work_async(name))

    async def work_async(self, name: str) -> None:
        contacts = self.client.contacts
        ids = [f"{name}-{number}" for number in range(10)]
        found = await asyncio.gather(*(contacts.get(contact_id=one) for one in ids))
        assert [one.id for one in found] == ids
        check(await contacts.upsert(records(name), id_property="email"))


def forked(worker: Sync | Async, name: str) -> int:
    """Work in a child, which ends for good after some time, and give its id."""
    child = os.fork()
    if child:
        return child
    faulthandler.dump_traceback_later(PATIENCE, exit=True)  # In case that it hangs.
    try:
        worker.work(name)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait(children: list[int]) -> None:
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert not any(codes), codes


def fork_rounds(worker: Sync | Async) -> None:
    for number in range(ROUNDS):
        children = [forked(worker, f"child-{number}-{child}") for child in range(2)]
        worker.work("parent")
        wait(children)


def fork_while_threads_send(worker: Sync | Async) -> None:
    """Other threads hold any locks at the moments of the forks."""
    done = threading.Event()

    def go_on(name: str) -> None:
        while not done.is_set():
            worker.work(name)

    threads = [threading.Thread(target=go_on, args=(f"thread-{one}",)) for one in range(3)]
    for thread in threads:
        thread.start()
    try:
        fork_rounds(worker)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def fork_in_event_loop(worker: Sync | Async) -> None:
    assert isinstance(worker, Async)

    async def run() -> None:
        await worker.work_async("before")
        children = [forked(worker, f"child-{child}") for child in range(2)]
        await worker.work_async("after")
        wait(children)

    asyncio.run(run())


def pool(worker: Sync | Async) -> None:
    with multiprocessing.get_context("fork").Pool(2) as processes:
        names = [f"child-{number}" for number in range(2 * ROUNDS)]
        working = processes.map_async(worker.work, names)
        worker.work("parent")
        working.get(PATIENCE)


WAYS = {
    "fork": fork_rounds,
    "fork while threads send": fork_while_threads_send,
    "fork in an event loop": fork_in_event_loop,
    "pool": pool,
}

if __name__ == "__main__":
    # A machine that stands still for a while is none of what a fork warns of.
    setattr(fork, "_PATIENCE", PATIENCE)  # noqa: B010
    url, kind, way, transport = sys.argv[1:]
    worker = (Sync if kind == "sync" else Async)(url, transport or None)
    worker.work("parent")
    WAYS[way](worker)
