"""A sandbox inside a test: where it listens, what it takes, and how it ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package.sandbox import Options, Sandbox, SandboxError
from package.sandbox.contract import Contract

from tests.sandbox.small_api import CONTRACT, HEADERS, PEOPLE, inputs


@pytest.fixture(autouse=True)
def small_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates have no contract of their own: it is generated."""
    monkeypatch.setattr("package.sandbox.contract.load_contract", lambda: Contract(CONTRACT))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    threads = set(threading.enumerate())
    with Sandbox() as sandbox:
        yield sandbox
    assert set(threading.enumerate()) == threads


def _upsert(sandbox: Sandbox, *emails: str, path: str = PEOPLE) -> httpx2.Response:
    return httpx2.post(
        sandbox.url + path, json={"inputs": inputs(emails)}, headers=HEADERS, timeout=30
    )


class Client:
    """Stands for a generated client, which the templates cannot import."""

    def __init__(self, token: str, **options: Any) -> None:
        self.token = token
        self.options = options


def test_what_is_stored_can_be_looked_at(sandbox: Sandbox) -> None:
    assert sandbox.count("people") == 0
    assert sandbox.records("people") == []
    assert _upsert(sandbox, "Ada@example.com", "bob@example.com").status_code == 200
    assert sandbox.count("people") == 2
    first, second = sandbox.records("people")
    assert first["properties"]["email"] == "ada@example.com"
    assert sandbox.record("people", "ADA@example.com", "email") == first
    assert sandbox.record("people", second["id"]) == second
    assert sandbox.record("people", "nobody@example.com", "email") is None
    assert sandbox.record("people", "7") is None


def test_an_alias_is_the_object_type(sandbox: Sandbox) -> None:
    _upsert(sandbox, "deal@example.com", path="/objects/deals/batch/upsert")
    assert sandbox.count("0-3") == sandbox.count("deals") == 1


def test_more_records_than_a_page(sandbox: Sandbox) -> None:
    for start in range(0, 1100, 100):
        _upsert(sandbox, *(f"a{number}@example.com" for number in range(start, start + 100)))
    names = {record["properties"]["email"] for record in sandbox.records("people")}
    assert len(names) == len(sandbox.records("people")) == 1100


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (
            lambda one: one.count("peopel"),
            "there is no object type 'peopel'; did you mean 'people'",
        ),
        (lambda one: one.records("peopel"), "there is no object type 'peopel'"),
        (lambda one: one.record("peopel", "1"), "there is no object type 'peopel'"),
        (lambda one: one.record("people", "1", "emial"), "people has no property 'emial'"),
        (lambda one: one.record("people", "1", "name"), "name of people is not unique"),
        (lambda one: one.record("people", "x"), "the id of a record of people is a whole number"),
        (lambda one: one.fail("reset"), "there is no fault 'reset'; did you mean 'reset-"),
        (lambda one: one.fail("locked", times=0), "times must be 1 or more; got 0"),
        (
            lambda one: one.fail("locked", resource="peple"),
            "there is no resource 'peple'; did you mean 'people'",
        ),
        (lambda one: one.declare("people", x={"type": "text"}), "people: unknown type 'text'"),
        (lambda one: one.start(), "the sandbox is running already, at http://127.0.0.1:"),
    ],
)
def test_mistakes_are_told_in_a_line(sandbox: Sandbox, look: Any, message: str) -> None:
    with pytest.raises(SandboxError) as caught:
        look(sandbox)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_properties_can_be_declared(sandbox: Sandbox) -> None:
    body = {"inputs": [{"id": "7", "by": "number", "properties": {"note": "x"}}]}
    assert httpx2.post(sandbox.url + PEOPLE, json=body, headers=HEADERS).status_code == 400
    sandbox.declare("people", number={"unique": True}, note=None)
    assert httpx2.post(sandbox.url + PEOPLE, json=body, headers=HEADERS).status_code == 200
    assert sandbox.record("people", "7", "number") is not None


def test_a_fault_meets_the_next_request(sandbox: Sandbox) -> None:
    sandbox.fail("reset-after", resource="people")
    with pytest.raises(httpx2.ReadError):
        _upsert(sandbox, "ada@example.com")
    assert sandbox.count("people") == 1
    assert _upsert(sandbox, "ada@example.com").status_code == 200
    assert [entry.fault for entry in sandbox.requests] == ["reset-after", None]


def test_a_lock_and_a_fresh_start(sandbox: Sandbox) -> None:
    _upsert(sandbox, "ada@example.com")
    sandbox.fail("locked")
    sandbox.lock(3600)
    sandbox.declare("people", note={})
    sandbox.reset()
    assert sandbox.count("people") == 0
    assert sandbox.requests == []
    assert _upsert(sandbox, "ada@example.com").status_code == 200
    sandbox.lock()
    assert _upsert(sandbox, "ada@example.com").status_code == 423


def test_a_client_points_there(sandbox: Sandbox) -> None:
    client = sandbox.client(Client, timeout=3)
    assert client.token == "sandbox-token"
    assert client.options == {"base_url": sandbox.url, "timeout": 3}
    assert sandbox.client(Client, "mine").token == "mine"
    with Sandbox(Options(tokens={"one": None, "two": frozenset()})) as other:
        assert other.client(Client).token == "one"


def test_limits_are_those_of_the_specification_or_of_the_options() -> None:
    def limits(options: Options) -> list[str | None]:
        with Sandbox(options) as sandbox:
            headers = _upsert(sandbox).headers
            return [headers.get("x-limit"), headers.get("x-daily")]

    assert limits(Options()) == ["100", "1000"]
    assert limits(Options(burst_limit=7, daily_limit=None)) == ["7", None]


def test_what_a_database_holds_survives(tmp_path: Path) -> None:
    options = Options(database=tmp_path / "records.sqlite")
    sandbox = Sandbox(options)
    for count in (1, 2):
        with sandbox:
            sandbox.declare("people", note={"type": "number"})
            _upsert(sandbox, f"{count}@example.com")
            assert sandbox.count("people") == count
        # Whoever closes a database leaves but one file.
        assert [file.name for file in tmp_path.iterdir()] == ["records.sqlite"]


def test_without_a_database_a_start_is_fresh(sandbox: Sandbox) -> None:
    _upsert(sandbox, "ada@example.com")
    sandbox.stop()
    sandbox.stop()
    sandbox.start()
    assert sandbox.count("people") == 0


def test_what_is_not_running() -> None:
    sandbox = Sandbox()
    assert repr(sandbox) == "<Sandbox not running>"
    sandbox.ask_to_stop()
    with pytest.raises(SandboxError, match="the sandbox is not running; start it, or use it in"):
        sandbox.url  # noqa: B018


def test_properties_from_files_and_unknown_types(tmp_path: Path) -> None:
    file = tmp_path / "properties.yaml"
    file.write_text("0-3: {number: {unique: true}}\n")
    with Sandbox(Options(properties=(str(file),), create_properties=True)) as sandbox:
        assert sandbox.record("deals", "7", "number") is None
        assert sandbox.count("widgets") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(faults="seed=1"), "a schedule of faults needs rate"),
        (Options(properties=("missing.yaml",)), "missing.yaml: cannot be read"),
        (Options(database=Path("/dev/null/x")), "/dev/null/x"),
    ],
)
def test_what_cannot_start_leaves_nothing_behind(options: Options, message: str) -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(SandboxError) as caught:
        Sandbox(options, port=port).start()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(threading.enumerate()) == threads
    with socket.create_server(("127.0.0.1", port)):
        pass  # The port is free again.


def test_a_port_in_use(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(SandboxError) as caught:
        Sandbox(port=port).start()
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is in use; stop what listens there, or choose another port"
    )
    sandbox.stop()
    with Sandbox(port=port) as other:
        assert other.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 65536, "port 65536 does not exist; choose one from 1 to 65535"),
        ("192.0.2.1", 0, "192.0.2.1 is no address of this machine; listen on 127.0.0.1"),
        ("no host", 0, "there is no host 'no host'"),
        ("a" * 70, 0, "is no name of a host"),
    ],
)
def test_where_nobody_can_listen(host: str, port: int, message: str) -> None:
    with pytest.raises(SandboxError) as caught:
        Sandbox(host=host, port=port).start()
    assert message in str(caught.value)


def test_all_addresses_and_names() -> None:
    with Sandbox(host="0.0.0.0") as sandbox:  # noqa: S104
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert _upsert(sandbox, "ada@example.com").status_code == 200
    with Sandbox(host="localhost") as sandbox:
        assert _upsert(sandbox, "ada@example.com").status_code == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6() -> None:
    try:
        sandbox = Sandbox(host="::1")
        sandbox.start()
    except SandboxError as error:
        pytest.skip(str(error))
    with contextlib.ExitStack() as undo:
        undo.callback(sandbox.stop)
        assert sandbox.url.startswith("http://[::1]:")
        sandbox.fail("reset-before")
        with pytest.raises(httpx2.ReadError):
            _upsert(sandbox, "ada@example.com")
        assert sandbox.count("people") == 0
