"""The command as a process of its own: what it prints, how it ends, and bad input in one line."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx2
import pytest
from hubspot_upsert.v2026_03 import Client

from tests.sandbox.small_api import EVERYWHERE

PROGRAM = "python -m hubspot_upsert.sandbox"
MODULE = ("-m", "hubspot_upsert.sandbox")


@contextmanager
def _running(
    *arguments: str | Path, end: int = signal.SIGINT
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run it, yield where it listens, and end it by a signal."""
    process = subprocess.Popen(
        [sys.executable, *MODULE, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127.0.0.1:\d+", process.stdout.readline())
        assert found is not None, process.communicate()
        yield found[0], process
        process.send_signal(end)
        _, errors = process.communicate(timeout=300)
        assert errors == ""
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def _ended(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python until it ends by itself."""
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=300, check=False
    )


ADA: list[Any] = [
    {"id": "ada@example.com", "idProperty": "email", "properties": {"firstname": "Ada"}}
]


def test_it_says_where_it_listens_and_keeps_records_over_a_restart(tmp_path: Path) -> None:
    database = tmp_path / "crm.sqlite"
    with _running("--database", database) as (url, process), Client("any", base_url=url) as client:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        assert told == [
            f"Point a client there: Client(token, base_url='{url}')\n",
            f"See what it holds:    {url}/\n",
            "Stop it with Ctrl-C.\n",
        ]
        assert "<!doctype html>" in httpx2.get(url, timeout=60).text.lower()
        (result,) = client.contacts.batch_upsert(inputs=ADA).results
        assert result.new
    with _running("--database", database, end=signal.SIGTERM) as (url, _):
        count = httpx2.get(f"{url}/_sandbox/objects/contacts/count", timeout=60).json()
        assert count == {"object_type": "contacts", "count": 1}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_answers_slowly(end: int) -> None:
    with _running(end=end) as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        slow = socket.create_connection((host, int(port)), timeout=60)
        slow.sendall(
            b"POST /crm/v3/objects/contacts/batch/upsert HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 2\r\nSandbox-Fault: slow-body;seconds=3600\r\n\r\n{}"
        )
        assert slow.recv(12) == b"HTTP/1.1 401"
    with slow:
        while slow.recv(65536):
            pass


def test_tokens_scopes_and_limits() -> None:
    options = ("--token", "all", "--token", "few==tickets", "--burst-limit", "2")
    with _running(*options, "--daily-limit", "none") as (url, _):

        def answer(token: str) -> httpx2.Response:
            return httpx2.post(
                f"{url}/crm/v3/objects/contacts/batch/upsert",
                json={"inputs": ADA},
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )

        assert answer("other").status_code == 401
        assert answer("few=").status_code == 403
        assert [answer("all").status_code for _ in range(3)] == [200, 200, 429]
        assert not [name for name in answer("all").headers if "daily" in name]


def test_properties_faults_and_locks(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("contacts: {crm_key: {unique: true}}\n")
    options = ("--properties", tmp_path / "own.yaml", "--create-properties", "--lock-after", "1")
    two = [{"id": key, "idProperty": "crm_key", "properties": {"new_one": "x"}} for key in "ab"]
    body = json.dumps({"inputs": two})
    request = (
        "POST /crm/v3/objects/contacts/batch/upsert HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer any\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n%s\r\n{body}"
    )
    with _running(*options, "--faults", "seed=1,rate=1,kinds=created-status") as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            # The lock lasts for a moment only: the second one comes at once.
            connection.sendall((request % "" + request % "Connection: close\r\n").encode())
            received = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        assert re.findall(r"HTTP/1.1 (\d+)", received) == ["201", "423"]


def test_records_to_begin_with_a_clock_and_a_profile(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\nada@example.com\n")
    seed = ("--seed", f"contacts={tmp_path / 'people.csv'}", "--keep-bodies", "1")
    others = ("--clock", "2026-03-01T12:00:00Z", "--latency", "1ms±1", "--as", "free")
    with _running(*seed, *others) as (url, _):
        (record,) = httpx2.get(f"{url}/_sandbox/objects/contacts", timeout=60).json()["results"]
        assert record["properties"]["email"] == "ada@example.com"
        assert record["created_at"] == "2026-03-01T12:00:00.000Z"
        assert httpx2.get(f"{url}/_sandbox/state", timeout=60).json()["limits"]["burst"] == 100


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--as", "fre"], "Invalid value for '--as': 'fre' is not one of"),
        (["--clock", "noon"], "the clock must be set to a moment with its offset"),
        (["--latency", "long"], "the latency must be such as 80ms"),
        (["--seed", "contacts"], "records to begin with must be TYPE=FILE; got 'contacts'"),
        (["--colour"], "No such option"),
        (["--port", "70000"], "Invalid value for '--port': 70000 is not in the range"),
        (["--burst-limit", "many"], "--burst-limit must be a number of requests or none"),
        (["--daily-limit", "-1"], "--daily-limit must be a number of requests or none; got '-1'"),
        (["--token", "secret="], "--token must be TOKEN or TOKEN=SCOPE,SCOPE"),
        (["--faults", "seed=7,rate=0.1,kinds=x"], "there is no fault 'x'"),
        (["--properties", "missing.yaml"], "missing.yaml: cannot be read"),
        (["--host", "192.0.2.1"], "192.0.2.1 is no address of this machine"),
        (["--database", __file__], f"{__file__} is not an SQLite database; name another file"),
        (
            ["--allow-host", "box:80"],
            "'box:80' is no name of a host; expected one such as 'sandbox'",
        ),
        (["--admin-token", ""], "the admin token must be letters, digits and signs"),
        (["more"], "Got unexpected extra argument (more)"),
    ],
)
def test_bad_input(arguments: list[str], line: str) -> None:
    done = _ended(*MODULE, "--port", "0", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{PROGRAM}: {line}")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize("missing", ["click", "h11", "starlette"])
def test_what_is_not_installed(missing: str) -> None:
    without = (
        f"import sys, runpy; sys.modules[{missing!r}] = None; sys.argv[1:] = ['--port', '0']; "
    )
    run = "runpy.run_module('hubspot_upsert.sandbox', run_name='__main__')"
    done = _ended("-c", without + run)
    assert done.returncode == 2
    assert done.stderr == (
        f"{PROGRAM}: {missing} is needed and not installed; "
        "install it with: pip install 'hubspot-upsert[sandbox]'\n"
    )


def test_help() -> None:
    done = _ended(*MODULE, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {PROGRAM} [OPTIONS]")


def test_a_folder_of_properties_is_served(tmp_path: Path) -> None:
    (tmp_path / "leads.yaml").write_text("leads: {region: {label: Region}}", "utf-8")
    with (
        _running("--properties", tmp_path) as (url, _),
        Client("a-token-of-tests", base_url=url) as client,
    ):
        listed = client.properties.get_all(object_type="leads").results
        assert {one.name: one.label for one in listed}["region"] == "Region"


def test_where_other_machines_reach_it_it_warns_and_asks_for_a_token() -> None:
    command = [sys.executable, *MODULE, "--port", "0", "--host", EVERYWHERE, "--allow-host", "box"]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            told = "".join(process.stdout.readline() for _ in range(4))
            warned = "".join(process.stderr.readline() for _ in range(2))
            assert warned.startswith("Warning: other machines can reach the sandbox")
            found = re.search(r"(http://127.0.0.1:\d+)/#token=(\S+)", told)
            assert found is not None
            url, token = found.groups()
            assert f"Authorization: Bearer {token}" in warned
            headers = {"Host": "box", "Authorization": f"Bearer {token}"}
            assert (
                httpx2.get(f"{url}/_sandbox/state", headers=headers, timeout=60).status_code == 200
            )
            headers.pop("Authorization")
            assert (
                httpx2.get(f"{url}/_sandbox/state", headers=headers, timeout=60).status_code == 401
            )
        finally:
            process.terminate()


def test_a_token_for_the_administration_can_be_chosen() -> None:
    with _running("--admin-token", "mine") as (url, _):
        assert httpx2.get(f"{url}/_sandbox/state", timeout=60).status_code == 401
        headers = {"Authorization": "Bearer mine"}
        assert httpx2.get(f"{url}/_sandbox/state", headers=headers, timeout=60).status_code == 200
