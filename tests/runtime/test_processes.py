"""Clients in processes that are forked, and in event loops that come and go."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import pkgutil
import signal
import ssl
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import package
import pytest
from package._bulk.journal import JournalError
from package._runtime import fork

from tests.bulk.contacts import BULK
from tests.runtime.echo_server import AsyncClient, BulkContacts, Client, EchoServer, id_of
from tests.servers import PATIENCE, TOKEN

LOAD_VERIFY_LOCATIONS = ssl.SSLContext.load_verify_locations  # Which does nothing in other tests.


@pytest.fixture(params=["http", pytest.param("https", marks=pytest.mark.large)])
def echo(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EchoServer]:
    certificate = None
    if request.param == "https":
        certificate = tmp_path / "authority.pem"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", LOAD_VERIFY_LOCATIONS)
    server = EchoServer(certificate)
    yield server
    server.close()


@pytest.fixture
def plain() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def patient_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no machine that stands still for a thread that connects for long, of which a fork warns."""
    monkeypatch.setattr(fork, "_PATIENCE", PATIENCE)


def get(client: Client | AsyncClient) -> Any:
    """Call once, and close the client."""

    async def get_async(client: AsyncClient) -> Any:
        async with client:
            return await client.contacts.get(contact_id="1")

    if isinstance(client, AsyncClient):
        return asyncio.run(get_async(client))
    with client:
        return client.contacts.get(contact_id="1")


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("sync", "fork"),
        ("sync", "fork while threads send"),
        ("sync", "pool"),
        ("async", "fork"),
        ("async", "fork while threads send"),
        ("async", "fork in an event loop"),
        ("async", "pool"),
    ],
)
def test_processes_do_not_share_what_they_inherit(
    echo: EchoServer, kind: str, way: str, transport: str | None
) -> None:
    program = "tests.runtime.forking_program"
    run_program("-m", program, echo.url, kind, way, transport or "")
    assert all(len(tokens) <= 1 for tokens in echo.senders)
    assert len(set(echo.traces)) == len(echo.traces)


def run_program(*arguments: str) -> str:
    """Run Python, and give what it writes."""
    path = os.pathsep.join(filter(None, sys.path))
    # From Python 3.12 on a fork beside other threads warns.
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def in_child(work: Callable[[], object]) -> None:
    """Do something in a child that is forked, and wait until it is done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_transport_that_was_given_stays_with_the_parent(kind: Any) -> None:
    def give(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"id": "1"})

    client = kind(TOKEN, transport=httpx2.MockTransport(give))

    def call() -> None:
        with pytest.raises(RuntimeError, match="was given to it before the process was forked"):
            get(client)

    in_child(call)
    assert get(client).id == "1"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_child_that_closes_its_client_leaves_that_of_the_parent_open(
    plain: EchoServer, kind: Any, transport: Any
) -> None:
    client = kind(TOKEN, base_url=plain.url, transport=transport)
    in_child(lambda: get(client))  # It closes it.
    assert get(client).id == "1"


def test_a_child_works_out_what_its_parent_was_working_out(plain: EchoServer) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Client):
        @cached_property
        def contacts(self) -> BulkContacts:
            begun.set()
            assert go_on.wait(PATIENCE)
            return BulkContacts(self._connection)

    def get_in_child() -> None:
        go_on.set()
        get(client)

    client = Slow(TOKEN, base_url=plain.url)
    thread = threading.Thread(target=lambda: client.contacts)
    thread.start()
    assert begun.wait(PATIENCE)
    in_child(get_in_child)
    go_on.set()
    thread.join()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="cached properties have no lock any more")
def test_no_child_waits_for_what_is_worked_out_in_its_parent(plain: EchoServer) -> None:
    with Client(TOKEN, base_url=plain.url) as client:
        client.contacts.upsert(RECORDS, id_property="email")
    names = (each.name for each in pkgutil.walk_packages(package.__path__, "package."))
    modules = [import_module(name) for name in names if name.startswith("package._")]
    kinds = {kind for one in modules for kind in vars(one).values() if isinstance(kind, type)}
    found = [one for kind in kinds for one in vars(kind).values()]
    locks: Any = [one for one in found if isinstance(one, cached_property)]
    assert locks

    def take_all() -> None:
        assert all(one.lock.acquire(blocking=False) for one in locks)

    thread = threading.Thread(target=take_all)
    thread.start()
    thread.join()
    in_child(take_all)
    for one in locks:
        one.lock = threading.RLock()


RECORDS = [{"email": f"{number}@example.com"} for number in range(60)]


def test_a_run_goes_on_in_the_parent_alone(plain: EchoServer, tmp_path: Path) -> None:
    with Client(TOKEN, base_url=plain.url) as client:
        options: Any = {"id_property": "email", "journal": tmp_path / "run.sqlite"}
        stream = client.contacts.iter_upsert(RECORDS, **options)
        taken = [next(stream)]

        def go_on() -> None:
            with pytest.raises(RuntimeError, match="begun by the process that this one was forked"):
                list(stream)
            stream.close()
            with pytest.raises(JournalError, match="in use by another run"):
                client.contacts.upsert(RECORDS, **options)
            assert client.contacts.upsert(RECORDS, id_property="email").outcomes

        in_child(go_on)
        taken.extend(stream)
    assert [one.id for one in taken] == [id_of(one["email"]) for one in RECORDS]


def test_a_child_that_ends_takes_nothing_out_of_the_journal(
    plain: EchoServer, tmp_path: Path
) -> None:
    journal = tmp_path / "run.sqlite"
    program = """
import os, sys
from tests.runtime.test_processes import RECORDS, Client
url, journal = sys.argv[1:]
client = Client("token", base_url=url)
options = {"id_property": "email", "journal": journal, "concurrency": 1}
stream = client.contacts.iter_upsert(RECORDS, **options)
next(stream)
if not os.fork():
    sys.exit()
assert os.wait()[1] == 0
for _ in range(45):
    next(stream)
os._exit(0)  # As if it were killed.
"""
    run_program("-c", program, plain.url, str(journal))
    with Client(TOKEN, base_url=plain.url) as client:
        client.contacts.upsert(RECORDS, id_property="email", journal=journal)
    in_doubt = BULK.roles.maximum
    assert len(RECORDS) <= len(plain.traces) <= len(RECORDS) + in_doubt


def test_a_signal_in_a_child_is_its_own(plain: EchoServer) -> None:
    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    def records() -> Iterator[dict[str, str]]:
        in_child(interrupted)
        yield from RECORDS

    with Client(TOKEN, base_url=plain.url) as client:
        assert len(client.contacts.upsert(records(), id_property="email").outcomes) == len(RECORDS)


def test_event_loops_one_after_the_other_share_a_client(echo: EchoServer, transport: Any) -> None:
    client = AsyncClient(TOKEN, base_url=echo.url, transport=transport)

    async def send(name: str) -> None:
        names = [f"{name}-{number}" for number in range(5)]
        found = await asyncio.gather(*(client.contacts.get(contact_id=one) for one in names))
        assert [one.id for one in found] == names
        report = await client.contacts.upsert(RECORDS, id_property="email")
        assert {one.status for one in report.outcomes} == {"created"}

    for number in range(4):
        asyncio.run(send(f"run-{number}"))
        echo.wait_for_connections(0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(send("closed"))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    echo.wait_for_connections(0)
    asyncio.run(client.aclose())


def test_event_loops_at_the_same_time_share_a_client(echo: EchoServer, transport: Any) -> None:
    client = AsyncClient(TOKEN, base_url=echo.url, transport=transport)
    together = threading.Barrier(2)

    async def send(name: str) -> None:
        for number in range(10):
            assert (
                await client.contacts.get(contact_id=f"{name}-{number}")
            ).id == f"{name}-{number}"
        records = [{"email": f"{name}-{number}@example.com"} for number in range(45)]
        report = await client.contacts.upsert(records, id_property="email")
        assert [one.id for one in report.outcomes] == [id_of(one["email"]) for one in records]
        await asyncio.to_thread(together.wait, PATIENCE)
        if name == "one":
            await client.aclose()
            await asyncio.to_thread(echo.wait_for_connections, 0)  # The other loop still runs.
        await asyncio.to_thread(together.wait, PATIENCE)
        with pytest.raises(RuntimeError, match="the client is closed"):
            await client.contacts.get(contact_id="1")

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(asyncio.run, send(name)) for name in ("one", "two")]:
            done.result(PATIENCE)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Of the loop, which has been told to end.
def test_requests_at_the_end_of_a_loop_are_sent(plain: EchoServer, transport: Any) -> None:
    client = AsyncClient(TOKEN, base_url=plain.url, transport=transport)
    loop = asyncio.new_event_loop()
    for name in ("before", "after"):
        found = loop.run_until_complete(client.contacts.get(contact_id=name))
        assert found.id == name
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(client.aclose())
    loop.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Of the loop, which left its sockets open.
def test_connections_of_a_loop_that_ended_without_a_word_are_let_go(
    plain: EchoServer, transport: Any
) -> None:
    client = AsyncClient(TOKEN, base_url=plain.url, transport=transport)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.contacts.get(contact_id="1"))
    loop.close()
    del loop
    asyncio.run(get_without_closing(client))
    gc.collect()
    plain.wait_for_connections(0)
    asyncio.run(client.aclose())


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Of the loop, which left its sockets open.
def test_a_loop_that_ends_just_when_a_client_is_closed_leaves_nothing_unawaited(
    plain: EchoServer, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = AsyncClient(TOKEN, base_url=plain.url, transport=transport)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.contacts.get(contact_id="1"))
    # It ends between the question and what is done about the answer.
    monkeypatch.setattr(loop, "is_running", partial(closed, loop, monkeypatch))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(client.aclose())
    assert [one for one in told if one.category is RuntimeWarning] == []
    del client, loop
    gc.collect()
    plain.wait_for_connections(0)


def closed(loop: asyncio.AbstractEventLoop, patch: pytest.MonkeyPatch) -> bool:
    patch.undo()
    loop.close()
    return True


async def get_without_closing(client: AsyncClient) -> None:
    await client.contacts.get(contact_id="1")
