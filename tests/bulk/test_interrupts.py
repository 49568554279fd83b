"""Both drivers against a real socket: runs that somebody interrupts, cancels or does not wait for."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from package._bulk.limiter import LocalRateLimiter
from package._bulk.memory import RunMemory
from package._bulk.outcomes import Status
from package._bulk.report import UpsertReport, report_of
from package._bulk.sync_driver import SyncDriver

from tests.bulk.command_runs import patience
from tests.bulk.contacts import contact
from tests.bulk.server import AsyncClient, Client, ContactsServer, slowly
from tests.servers import PATIENCE, TOKEN

ROOT = Path(__file__).parents[2]


def records_of(count: int, source: str) -> Any:
    records = [contact(number) for number in range(count)]
    return records if source == "sync" else slowly(records)


async def endless() -> AsyncIterator[Any]:
    for number in range(25):
        yield contact(number)
    await asyncio.Event().wait()


async def run_out(limit: asyncio.Timeout, server: ContactsServer, requests: int) -> None:
    """Let a time limit run out when so many requests have arrived."""
    await asyncio.to_thread(server.wait_for, requests)
    limit.reschedule(asyncio.get_running_loop().time())


@pytest.mark.parametrize("source", ["sync", "async"])
def test_a_cancelled_task_is_cancelled_and_carries_its_report(
    contacts_server: ContactsServer, source: str
) -> None:
    contacts_server.hold.clear()

    async def run() -> BaseException:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            given = records_of(50, source)
            task = asyncio.create_task(
                client.contacts.upsert(given, id_property="email", concurrency=2)
            )
            await asyncio.to_thread(contacts_server.wait_for, 2)
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError, match="enough") as caught:
                await task
            assert task.cancelled()
            return caught.value

    error: Any = asyncio.run(run())
    assert [error.report.unknown, error.report.not_sent, error.report.requests] == [20, 0, 2]
    assert error.report.stop.reason == "its task was cancelled"
    assert error.report.stop.resume_at == 0


@pytest.mark.parametrize("source", ["sync", "async"])
def test_a_timeout_ends_a_loop_over_several_files(
    contacts_server: ContactsServer, source: str, tmp_path: Path
) -> None:
    contacts_server.hold.clear()
    journal = tmp_path / "run.sqlite"

    async def run() -> None:
        async with (
            AsyncClient(TOKEN, base_url=contacts_server.url) as client,
            asyncio.timeout(None) as limit,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(run_out(limit, contacts_server, 2))
            for _ in range(2):
                given = records_of(20, source)
                await client.contacts.upsert(given, id_property="email", journal=journal)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(run())
    assert len(contacts_server.paths) == 2
    report = report_of(caught.value)
    assert report is not None
    assert report.unknown == 20
    with Client(TOKEN, base_url=contacts_server.url) as client:
        contacts_server.hold.set()
        again = client.contacts.upsert(records_of(20, "sync"), id_property="email", journal=journal)
    assert again.created + again.updated + again.written == 20


def test_a_cancellation_ends_the_reading_of_a_source_that_waits(
    contacts_server: ContactsServer,
) -> None:
    async def run() -> BaseException:
        async with (
            AsyncClient(TOKEN, base_url=contacts_server.url) as client,
            asyncio.timeout(PATIENCE),
        ):
            task = asyncio.create_task(client.contacts.upsert(endless(), id_property="email"))
            await asyncio.to_thread(contacts_server.wait_for, 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value

    report = report_of(asyncio.run(run()))
    assert report is not None
    # Whether the answers have come by now is not what this is about.
    assert [report.created + report.unknown, report.not_sent] == [20, 5]
    assert report.stop is not None
    assert report.stop.resume_at == next(
        one.index for one in report.outcomes if one.status != "created"
    )


def test_a_cancelled_stream_carries_the_outcomes_that_are_left(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()

    async def run() -> None:
        async with (
            AsyncClient(TOKEN, base_url=contacts_server.url) as client,
            asyncio.timeout(None) as limit,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(run_out(limit, contacts_server, 2))
            records = [contact(number) for number in range(50)]
            async for one in client.contacts.iter_upsert(
                records, id_property="email", concurrency=2
            ):
                pytest.fail(f"nothing was answered, and there is {one}")

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(run())
    report = report_of(caught.value)
    assert report is not None
    assert [one.index for one in report.having(Status.UNKNOWN)] == list(range(20))
    assert (report.records, report.requests) == (20, 2)


def test_a_source_that_was_cancelled_has_not_ended(contacts_server: ContactsServer) -> None:
    async def source() -> AsyncIterator[Any]:
        for number in range(25):
            yield contact(number)
        query = asyncio.create_task(asyncio.Event().wait())
        query.cancel()
        await query

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            await client.contacts.upsert(source(), id_property="email")

    with pytest.raises(asyncio.CancelledError) as caught:
        asyncio.run(run())
    report = report_of(caught.value)
    assert report is not None
    assert report.created + report.not_sent == 25


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_waits_for_a_connection_when_the_task_is_cancelled_was_not_sent(scheme: str) -> None:
    async def run(listener: socket.socket) -> None:
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        async with AsyncClient(TOKEN, base_url=url) as client:
            records = map(contact, range(10))
            task = asyncio.create_task(client.contacts.upsert(records, id_property="email"))
            connection, _ = await asyncio.to_thread(listener.accept)
            with connection:  # It never says a word.
                assert await asyncio.to_thread(connection.recv, 1)
                task.cancel()
                await task

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(asyncio.CancelledError) as caught,
    ):
        listener.settimeout(PATIENCE)
        asyncio.run(run(listener))
    report = report_of(caught.value)
    assert report is not None
    assert (report.unknown, report.not_sent) == ((10, 0) if scheme == "http" else (0, 10))


def test_an_exception_with_a_report_of_its_own_keeps_it(contacts_server: ContactsServer) -> None:
    class Crashed(Exception):
        report = "what the source says"

    def source() -> Iterator[Any]:
        yield contact(1)
        raise Crashed

    with Client(TOKEN, base_url=contacts_server.url) as client, pytest.raises(Crashed) as caught:
        client.contacts.upsert(source(), id_property="email")
    assert caught.value.report == "what the source says"
    assert isinstance(report_of(caught.value), UpsertReport)


# Ctrl-C is ignored where a shell has started the tests in the background. And it is only when a run has
# noticed it that it can notice another one.
_PROGRAM = """
import os, signal, sys
sys.path[:0] = [{templates!r}, {root!r}]
signal.signal(signal.SIGINT, signal.default_int_handler)
from package._bulk.sync_driver import Interrupts
handle = Interrupts._handle
def noticing(*arguments):
    try:
        handle(*arguments)
    finally:
        os.write(1, b"noticed\\n")
Interrupts._handle = noticing
import asyncio
from package._bulk.report import report_of
from tests.bulk.contacts import contact
from tests.bulk.server import AsyncClient, Client
from tests.servers import TOKEN

def source():
    for number in range({count}):
        yield contact(number)
    {after}

with Client(TOKEN, base_url={url!r}) as client:
    {action}
"""
_REPORT = """
    try:
        client.contacts.upsert(source(), id_property="email", concurrency=2)
    except KeyboardInterrupt as error:
        report = error.report
        print(dict(report.counts), report.stop.reason, report.stop.resume_at)
    try:
        input()
    except EOFError:
        print("no Ctrl-C is left over")
"""
_TWO_FILES = """
    for _ in range(2):
        client.contacts.upsert(source(), id_property="email", concurrency=2)
"""
_TWO_FILES_ASYNC = """
    async def run():
        async with AsyncClient(TOKEN, base_url=client.contacts._connection.configuration.base_url) as other:
            for _ in range(2):
                await other.contacts.upsert(source(), id_property="email", concurrency=2)
    try:
        asyncio.run(run())
    except KeyboardInterrupt as error:
        print(dict(report_of(error).counts))
        raise
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
        with patience(self._process):
            said = self._process.stdout.readline()
            assert said == f"{line}\n", said + self._process.stdout.read()

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until it has noticed that."""
        self.press()
        self.wait_for("noticed")

    def press(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def output(self, code: int = 0) -> str:
        """Give what else it says, up to its end."""
        with patience(self._process):
            text, _ = self._process.communicate()
        assert self._process.returncode == code, text
        return text


@pytest.fixture
def interrupt(contacts_server: ContactsServer) -> Callable[[str], Program]:
    """Gives a program that has noticed an interrupt while its first two requests are held back."""

    def start(action: str) -> Program:
        contacts_server.hold.clear()
        program = Program(contacts_server.url, action, count=50)
        contacts_server.wait_for(2)
        program.interrupt()
        return program

    return start


def test_ctrl_c_waits_for_what_is_in_flight_and_is_raised_with_the_report(
    contacts_server: ContactsServer, interrupt: Callable[[str], Program]
) -> None:
    program = interrupt(_REPORT)
    contacts_server.hold.set()
    output = program.output()
    assert "'created'>: 20" in output, output
    assert "it was interrupted 20" in output
    assert "no Ctrl-C is left over" in output


def test_ctrl_c_ends_a_loop_over_several_files(
    contacts_server: ContactsServer, interrupt: Callable[[str], Program]
) -> None:
    program = interrupt(_TWO_FILES)
    contacts_server.hold.set()
    assert "KeyboardInterrupt" in program.output(-signal.SIGINT)
    assert len(contacts_server.paths) == 2


def test_ctrl_c_ends_an_asynchronous_loop_over_several_files(
    contacts_server: ContactsServer,
) -> None:
    contacts_server.hold.clear()
    program = Program(contacts_server.url, _TWO_FILES_ASYNC, count=50)
    contacts_server.wait_for(2)
    program.press()
    assert "'unknown'>: 20" in program.output(-signal.SIGINT)
    assert len(contacts_server.paths) == 2


def test_a_second_ctrl_c_does_not_wait(interrupt: Callable[[str], Program]) -> None:
    program = interrupt(_REPORT)
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
    contacts_server: ContactsServer, interrupt: Callable[[str], Program]
) -> None:
    program = interrupt(_STREAM)
    contacts_server.hold.set()
    assert program.output().strip() == str(["created"] * 20)


def ask_twice(ask: Callable[[], None], moment: int) -> int:
    """Ask for something, and once more at a step of the interpreter while that is done.

    Returns:
        How many steps it took.
    """
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += 1
        if steps == moment:
            sys.settrace(None)
            ask()
            sys.settrace(trace)
        return trace

    sys.settrace(trace)
    try:
        ask()
    finally:
        sys.settrace(None)
    return steps


def test_a_second_ctrl_c_may_come_at_any_step_of_the_first(contacts_server: ContactsServer) -> None:
    def asked(moment: int) -> int:
        found: list[int] = []
        client = Client(TOKEN, base_url=contacts_server.url)
        stream = client.contacts.iter_upsert(map(contact, range(10)), id_property="email")
        next(stream)
        # In a thread, which can be given up.
        asking = threading.Thread(
            target=lambda: found.append(ask_twice(stream.ask_to_stop, moment)), daemon=True
        )
        asking.start()
        asking.join(PATIENCE)
        assert found, f"at step {moment} the second one waits for the first for ever"
        stream.close()
        client.close()
        return found[0]

    for moment in range(asked(0)):
        asked(moment + 1)


def test_ctrl_c_while_the_journal_is_opened_is_not_lost(
    contacts_server: ContactsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = RunMemory.open

    def interrupted_open(memory: RunMemory) -> None:
        signal.raise_signal(signal.SIGINT)
        opened(memory)

    monkeypatch.setattr(RunMemory, "open", interrupted_open)
    with (
        Client(TOKEN, base_url=contacts_server.url) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.contacts.upsert(map(contact, range(20)), id_property="email")
    report = report_of(caught.value)
    assert report is not None
    assert (report.records, report.requests) == (0, 0)
    assert contacts_server.paths == []


class Refill(LocalRateLimiter):
    """Has one permit, and the next ones much later."""

    def reserve(self) -> float:
        wait, self.wait = getattr(self, "wait", 0.0), 600.0
        return wait


def test_what_does_not_wait_for_its_permit_any_more_says_why(
    contacts_server: ContactsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    halt = SyncDriver._halt

    def halt_slowly(driver: SyncDriver) -> None:
        halt(driver)
        driver._threads[-1].join(0.1)  # Time enough for whoever waited.

    monkeypatch.setattr(SyncDriver, "_halt", halt_slowly)
    records = map(contact, range(20))
    with Client(TOKEN, base_url=contacts_server.url) as client:
        stream = client.contacts.iter_upsert(
            records, id_property="email", concurrency=2, limiter=Refill()
        )
        next(stream)
        stream.ask_to_stop()
        with pytest.raises(KeyboardInterrupt):
            list(stream)
    assert stream.stop is not None
    assert stream.stop.reason == "it was interrupted"
