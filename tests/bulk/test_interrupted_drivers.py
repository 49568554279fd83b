"""Both drivers against a real socket: runs that somebody interrupts, cancels or does not wait for."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from package._bulk.report import UpsertReport

from tests.bulk.contacts import contact
from tests.bulk.serving import TOKEN, AsyncClient, ContactsServer
from tests.bulk.upserting import slowly

ROOT = Path(__file__).parents[2]


@pytest.fixture
def contacts_server() -> Iterator[ContactsServer]:
    server = ContactsServer()
    yield server
    server.close()


@pytest.mark.parametrize("source", ["sync", "async"])
def test_a_cancelled_task_returns_its_report(contacts_server: ContactsServer, source: str) -> None:
    contacts_server.hold.clear()
    records = [contact(number) for number in range(50)]

    async def run() -> UpsertReport:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            given = records if source == "sync" else slowly(records)
            task = asyncio.create_task(
                client.contacts.upsert(given, id_property="email", concurrency=2)
            )
            await asyncio.to_thread(contacts_server.wait_for, 2)
            task.cancel()
            report = await task
            assert task.cancelling() == 0
            return report

    report = asyncio.run(run())
    assert [report.unknown, report.not_sent] == [20, 30]
    assert report.stop is not None
    assert report.stop.resume_at == 0


def test_a_second_cancellation_ends_the_reading(contacts_server: ContactsServer) -> None:
    async def endless() -> AsyncIterator[Any]:
        for number in range(25):
            yield contact(number)
        await asyncio.Event().wait()

    async def run() -> UpsertReport:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            task = asyncio.create_task(client.contacts.upsert(endless(), id_property="email"))
            await asyncio.to_thread(contacts_server.wait_for, 2)
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.sleep(0.1)
            assert not task.done()
            task.cancel()
            return await task

    report = asyncio.run(run())
    assert [report.created, report.not_sent] == [20, 5]
    assert report.stop is not None
    assert report.stop.resume_at == 20


def test_a_timeout_around_a_stream_is_raised(contacts_server: ContactsServer) -> None:
    contacts_server.hold.clear()

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            async with asyncio.timeout(0.3):
                async for _ in client.contacts.iter_upsert([contact(1)], id_property="email"):
                    pass

    with pytest.raises(TimeoutError):
        asyncio.run(run())


_PROGRAM = """
import sys
sys.path[:0] = [{templates!r}, {root!r}]
from tests.bulk.contacts import contact
from tests.bulk.serving import TOKEN, Client

def source():
    for number in range({count}):
        yield contact(number)
    {after}

with Client(TOKEN, base_url={url!r}) as client:
    {action}
"""
_REPORT = """
    report = client.contacts.upsert(source(), id_property="email", concurrency=2)
    print(dict(report.counts), report.stop.reason, report.stop.resume_at)
    try:
        input()
    except EOFError:
        print("no Ctrl-C is left over")
"""
_STREAM = """
    outcomes = []
    try:
        for one in client.contacts.iter_upsert(source(), id_property="email", concurrency=2):
            outcomes.append(one.status.value)
    except KeyboardInterrupt:
        print(outcomes)
"""


class Program:
    """A program in a process of its own that upserts until it is interrupted."""

    def __init__(self, url: str, action: str, *, count: int, after: str = "return") -> None:
        text = _PROGRAM.format(
            templates=str(ROOT / "templates"),
            root=str(ROOT),
            url=url,
            count=count,
            after=after,
            action=textwrap.dedent(action).strip().replace("\n", "\n    "),
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def output(self) -> str:
        text, _ = self._process.communicate(timeout=30)
        return text


def test_ctrl_c_waits_for_what_is_in_flight_and_returns_the_report(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _REPORT, count=50)
    contacts_server.wait_for(2)
    program.interrupt()
    time.sleep(0.3)
    contacts_server.hold.set()
    output = program.output()
    assert "'created'>: 20" in output, output
    assert "'not sent'>: 30" in output
    assert "it was interrupted 20" in output
    assert "no Ctrl-C is left over" in output


def test_a_second_ctrl_c_does_not_wait(contacts_server: ContactsServer) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _REPORT, count=50)
    contacts_server.wait_for(2)
    program.interrupt()
    time.sleep(0.3)
    program.interrupt()
    output = program.output()
    assert "'unknown'>: 20" in output, output
    assert "it was interrupted 0" in output


def test_a_second_ctrl_c_ends_a_source_that_waits(contacts_server: ContactsServer) -> None:
    after = "import time; time.sleep(60)"
    program = Program(contacts_server.url, _REPORT, count=25, after=after)
    contacts_server.wait_for(2)
    time.sleep(0.3)
    program.interrupt()
    time.sleep(0.3)
    program.interrupt()
    output = program.output()
    assert "'created'>: 20" in output, output
    assert "'not sent'>: 5" in output


def test_ctrl_c_in_a_stream_is_raised_after_the_last_outcomes(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _STREAM, count=50)
    contacts_server.wait_for(2)
    program.interrupt()
    time.sleep(0.3)
    contacts_server.hold.set()
    assert program.output().strip() == str(["created"] * 20)
