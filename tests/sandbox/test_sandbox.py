"""A sandbox inside a test: where it listens, what it takes, and how it ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package.sandbox import Options, SandboxError

from tests.sandbox.small_api import EVERYWHERE, HEADERS, PEOPLE, SmallApi
from tests.servers import free_port


def test_what_is_stored_can_be_looked_at(api: SmallApi) -> None:
    assert api.count("people") == 0
    assert api.records("people") == []
    assert api.upsert("Ada@example.com", "bob@example.com").status_code == 200
    assert api.count("people") == 2
    first, second = api.records("people")
    assert first["properties"]["email"] == "ada@example.com"
    assert api.record("people", "ADA@example.com", "email") == first
    assert api.record("people", second["id"]) == second
    assert api.record("people", "nobody@example.com", "email") is None
    assert api.record("people", "7") is None


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
def test_mistakes_are_told_in_a_line(api: SmallApi, look: Any, message: str) -> None:
    with pytest.raises(SandboxError) as caught:
        look(api)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_properties_can_be_declared(api: SmallApi) -> None:
    body = {"inputs": [{"id": "7", "by": "number", "properties": {"note": "x"}}]}
    assert httpx2.post(api.url + PEOPLE, json=body, headers=HEADERS, timeout=60).status_code == 400
    api.declare("people", number={"unique": True}, note=None)
    assert httpx2.post(api.url + PEOPLE, json=body, headers=HEADERS, timeout=60).status_code == 200
    assert api.record("people", "7", "number") is not None


def test_more_records_than_a_page(api: SmallApi) -> None:
    for start in range(0, 1100, 100):
        api.upsert(*(f"a{number}@example.com" for number in range(start, start + 100)))
    names = {record["properties"]["email"] for record in api.records("people")}
    assert len(names) == len(api.records("people")) == 1100


def test_faults_locks_and_a_fresh_start(api: SmallApi) -> None:
    api.fail("reset-after", resource="people")
    with pytest.raises(httpx2.ReadError):
        api.upsert("ada@example.com")
    assert api.count("people") == 1
    assert api.upsert("ada@example.com").status_code == 200
    assert [entry.fault for entry in api.requests] == ["reset-after", None]
    api.fail("locked")
    api.lock(3600)
    api.reset()
    assert (api.count("people"), api.requests) == (0, [])
    assert api.upsert("ada@example.com").status_code == 200
    api.lock()
    assert api.upsert("ada@example.com").status_code == 423


def test_without_a_database_a_start_is_fresh(api: SmallApi) -> None:
    api.upsert("ada@example.com")
    api.stop()
    api.stop()
    api.ask_to_stop()
    assert repr(api) == "<SmallApi not running>"
    with pytest.raises(SandboxError, match="the sandbox is not running; start it, or use it in"):
        _ = api.url
    api.start()
    assert api.count("people") == 0


def test_who_asks_it_to_stop_may_come_while_it_is_stopped() -> None:
    class Stopped(SmallApi):
        """It is stopped whenever it has been looked at."""

        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if name == "_running" and value is not None:
                self._running = None
                self.running = value
            return value

    api = SmallApi()
    api.start()
    api.__class__ = Stopped
    api.ask_to_stop()
    api.__class__ = SmallApi
    api._running = vars(api)["running"]
    api.stop()


def test_a_client_points_there(api: SmallApi) -> None:
    def kind(token: str, **options: Any) -> tuple[str, dict[str, Any]]:
        return token, options

    assert api.client(kind, timeout=3) == ("sandbox-token", {"base_url": api.url, "timeout": 3})
    assert api.client(kind, "mine") == ("mine", {"base_url": api.url})
    with SmallApi(Options(tokens={"one": None, "two": frozenset()})) as other:
        assert other.client(kind) == ("one", {"base_url": other.url})


def test_what_a_database_holds_survives(tmp_path: Path) -> None:
    options = Options(database=tmp_path / "records.sqlite")
    api = SmallApi(options)
    for count in (1, 2):
        with api:
            api.declare("people", note={"type": "number"})
            api.upsert(f"{count}@example.com")
            assert api.count("people") == count
        # Whoever closes a database leaves but one file.
        assert [file.name for file in tmp_path.iterdir()] == ["records.sqlite"]


def test_properties_from_files_and_unknown_types(tmp_path: Path) -> None:
    file = tmp_path / "properties.yaml"
    file.write_text("0-3: {number: {unique: true}}\n")
    with SmallApi(Options(properties=(str(file),), create_properties=True)) as api:
        assert api.record("deals", "7", "number") is None
        assert api.count("widgets") == 0


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
    port = free_port()
    with pytest.raises(SandboxError) as caught:
        SmallApi(options, port=port).start()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(threading.enumerate()) <= threads
    with socket.create_server(("127.0.0.1", port)):
        pass  # The port is free again.


def test_a_port_in_use() -> None:
    port = free_port()
    with SmallApi(port=port), pytest.raises(SandboxError) as caught:
        SmallApi(port=port).start()
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is in use; stop what listens there, or choose another port"
    )
    with SmallApi(port=port) as other:
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
        SmallApi(host=host, port=port).start()
    assert message in str(caught.value)


def test_all_addresses_and_names() -> None:
    with SmallApi(host=EVERYWHERE) as api:
        assert api.url.startswith("http://127.0.0.1:")
        assert api.upsert("ada@example.com").status_code == 200
    with SmallApi(host="localhost") as api:
        assert api.upsert("ada@example.com").status_code == 200


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no address ::1")
def test_ipv6() -> None:
    api = SmallApi(host="::1")
    api.start()
    with contextlib.ExitStack() as undo:
        undo.callback(api.stop)
        assert api.url.startswith("http://[::1]:")
        api.fail("reset-before")
        with pytest.raises(httpx2.ReadError):
            api.upsert("ada@example.com")
        assert api.count("people") == 0
