"""Both drivers against a real socket: runs that somebody interrupts, cancels or does not wait for."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from package._bulk.reading import Chunk, Reader
from package._bulk.report import UpsertReport

from tests.bulk.contacts import contact
from tests.bulk.serving import PATIENCE, TOKEN, AsyncClient, ContactsServer
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
            async with asyncio.timeout(PATIENCE):
                task.cancel()
                # The run takes a cancellation back when it has noticed it.
                while task.cancelling():
                    await asyncio.sleep(0)
                assert not task.done()
                task.cancel()
                return await task

    report = asyncio.run(run())
    # Whether the answers have come by now is not what this is about.
    assert [report.created + report.unknown, report.not_sent] == [20, 5]
    assert report.stop is not None
    assert report.stop.resume_at == next(
        one.index for one in report.outcomes if one.status != "created"
    )


def test_a_timeout_around_a_stream_is_raised(contacts_server: ContactsServer) -> None:
    contacts_server.hold.clear()

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            async with asyncio.timeout(0.3):
                async for _ in client.contacts.iter_upsert([contact(1)], id_property="email"):
                    pass

    with pytest.raises(TimeoutError):
        asyncio.run(run())


# Ctrl-C is ignored where a shell has started the tests in the background. And it is only when a run has
# noticed it that it can notice another one.
_PROGRAM = """
import os, signal, sys
sys.path[:0] = [{templates!r}, {root!r}]
signal.signal(signal.SIGINT, signal.default_int_handler)
from package._bulk.interrupts import Interrupts
handle = Interrupts._handle
def noticing(*arguments):
    try:
        handle(*arguments)
    finally:
        os.write(1, b"noticed\\n")
Interrupts._handle = noticing
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

    def wait_for(self, line: str) -> None:
        """Wait until it says something."""
        assert self._process.stdout is not None
        with self._patience():
            said = self._process.stdout.readline()
            assert said == f"{line}\n", said + self._process.stdout.read()

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until it has noticed that."""
        self._process.send_signal(signal.SIGINT)
        self.wait_for("noticed")

    def output(self) -> str:
        """Give what else it says, up to its end."""
        with self._patience():
            text, _ = self._process.communicate()
        return text

    @contextmanager
    def _patience(self) -> Iterator[None]:
        # What it says ends with it, so nobody waits any longer.
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def test_ctrl_c_waits_for_what_is_in_flight_and_returns_the_report(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _REPORT, count=50)
    contacts_server.wait_for(2)
    program.interrupt()
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
    program.interrupt()
    output = program.output()
    assert "'unknown'>: 20" in output, output
    assert "it was interrupted 0" in output


def test_a_second_ctrl_c_ends_a_source_that_waits(contacts_server: ContactsServer) -> None:
    after = "print('waiting', flush=True); import time; time.sleep(600)"
    program = Program(contacts_server.url, _REPORT, count=25, after=after)
    program.wait_for("waiting")
    contacts_server.wait_for(2)
    program.interrupt()
    program.interrupt()
    output = program.output()
    # Whether the answers have come by now is not what this is about.
    sent = re.findall(r"'(?:created|unknown)'>: (\d+)", output)
    assert sum(map(int, sent)) == 20, output
    assert "'not sent'>: 5" in output


def test_ctrl_c_in_a_stream_is_raised_after_the_last_outcomes(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _STREAM, count=50)
    contacts_server.wait_for(2)
    program.interrupt()
    contacts_server.hold.set()
    assert program.output().strip() == str(["created"] * 20)


def failing() -> Iterator[dict[str, Any]]:
    yield contact(0)
    raise ZeroDivisionError


def interrupted(source: Iterator[dict[str, Any]], moment: int) -> tuple[Chunk, bool, int]:
    """Read with a signal at a step of the interpreter, or the next that it can interrupt.

    Returns:
        What was read, whether it was interrupted, and how many steps it took.
    """
    reader, steps, raised = Reader(source), 0, False

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps, raised
        if frame.f_code is not Reader.read.__code__:
            return None
        frame.f_trace_opcodes = True
        steps += 1
        if steps >= moment and reader.is_waiting and not raised:
            raised = True
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        chunk = reader.read(10)
    finally:
        sys.settrace(before)
    assert not reader.is_waiting
    return chunk, raised, steps


@pytest.mark.parametrize("source", [lambda: iter([contact(0), contact(1)]), failing])
def test_an_interrupt_while_a_source_is_read_is_taken_for_its_failure(
    source: Callable[[], Iterator[dict[str, Any]]],
) -> None:
    _, _, steps = interrupted(source(), sys.maxsize)
    found = [interrupted(source(), moment) for moment in range(steps)]
    assert any(raised for _, raised, _ in found)
    for chunk, raised, _ in found:
        assert isinstance(chunk.failure, KeyboardInterrupt) == raised
