"""The command as a process of its own: what it prints, how it ends, and bad input in one line."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hubspot_upsert.v2026_03 import Client

PROGRAM = "python -m hubspot_upsert.sandbox"
COMMAND = [sys.executable, "-m", "hubspot_upsert.sandbox"]


@contextmanager
def _running(
    *arguments: str | Path, end: int = signal.SIGINT
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run it, yield where it listens, and end it by a signal."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
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
        _, errors = process.communicate(timeout=60)
        assert errors == ""
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def _refused(*arguments: str | Path) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{PROGRAM}: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix(f"{PROGRAM}: ").strip()


def _count(url: str, object_type: str = "contacts") -> int:
    answer = httpx2.get(f"{url}/_sandbox/objects/{object_type}/count")
    return int(answer.json()["count"])


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
        assert "<!doctype html>" in httpx2.get(url).text.lower()
        (result,) = client.contacts.batch_upsert(inputs=ADA).results
        assert result.new
    with _running("--database", database, end=signal.SIGTERM) as (url, _):
        assert _count(url) == 1


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_answers_slowly(end: int) -> None:
    with _running(end=end) as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        slow = socket.create_connection((host, int(port)), timeout=60)
        slow.sendall(
            b"POST /crm/v3/objects/contacts/batch/upsert HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 2\r\nSandbox-Fault: slow-body;seconds=3600\r\n\r\n{}"
        )
        assert slow.recv(12) == b"HTTP/1.1 401"
    with slow:
        while slow.recv(65536):
            pass


def test_tokens_scopes_and_limits() -> None:
    options = ("--token", "all", "--token", "few==tickets", "--burst-limit", "2")
    with _running(*options, "--daily-limit", "none") as (url, _):

        def status(token: str) -> httpx2.Response:
            return httpx2.post(
                f"{url}/crm/v3/objects/contacts/batch/upsert",
                json={"inputs": ADA},
                headers={"Authorization": f"Bearer {token}"},
            )

        assert status("other").status_code == 401
        assert status("few=").status_code == 403
        assert [status("all").status_code for _ in range(3)] == [200, 200, 429]
        assert not [name for name in status("all").headers if "daily" in name]


def test_properties_faults_and_locks(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("contacts: {crm_key: {unique: true}}\n")
    options = ("--properties", tmp_path / "own.yaml", "--create-properties", "--lock-after", "1")
    with (
        _running(*options, "--faults", "seed=1,rate=1,kinds=created-status") as (url, _),
        Client("any", base_url=url, time_budget=0.1) as client,
    ):
        answer = httpx2.post(
            f"{url}/crm/v3/objects/contacts/batch/upsert",
            json={
                "inputs": [
                    {"id": key, "idProperty": "crm_key", "properties": {"new_one": "x"}}
                    for key in ("a", "b")
                ]
            },
            headers={"Authorization": "Bearer any"},
        )
        assert answer.status_code == 201
        with pytest.raises(Exception, match="423"):
            client.contacts.batch_upsert(inputs=ADA)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--colour"], "No such option '--colour'"),
        (["--port", "70000"], "Invalid value for '--port': 70000 is not in the range"),
        (["--burst-limit", "many"], "--burst-limit must be a number of requests or none"),
        (["--daily-limit", "-1"], "--daily-limit must be a number of requests or none; got '-1'"),
        (["--token", "secret="], "--token must be TOKEN or TOKEN=SCOPE,SCOPE"),
        (["--faults", "seed=7,rate=0.1,kinds=x"], "there is no fault 'x'"),
        (["--properties", "missing.yaml"], "missing.yaml: cannot be read"),
        (["--host", "192.0.2.1"], "192.0.2.1 is no address of this machine"),
        (["more"], "Got unexpected extra argument (more)"),
    ],
)
def test_bad_input(arguments: list[str], line: str) -> None:
    refused = _refused("--port", "0", *arguments)
    assert refused.startswith(line)
    assert "secret" not in refused


def test_a_port_in_use_and_a_file_that_is_no_database(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert _refused("--port", str(port)) == (
            f"port {port} of 127.0.0.1 is in use; stop what listens there, or choose another port"
        )
    (tmp_path / "x.sqlite").write_text("This is no database, but some text." * 100)
    assert "x.sqlite" in _refused("--port", "0", "--database", tmp_path / "x.sqlite")


@pytest.mark.parametrize("missing", ["click", "h11", "starlette"])
def test_what_is_not_installed(missing: str) -> None:
    without = (
        f"import sys, runpy; sys.modules[{missing!r}] = None; sys.argv[1:] = ['--port', '0']; "
    )
    run = "runpy.run_module('hubspot_upsert.sandbox', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", without + run], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"{PROGRAM}: the sandbox needs {missing}, which is not installed; "
        "install it with: pip install 'hubspot-upsert[sandbox]'\n"
    )


def test_help() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {PROGRAM} [OPTIONS]")


def test_who_only_uses_the_client_imports_nothing_of_it() -> None:
    code = (
        "import sys, hubspot_upsert.v3 as v3; v3.Client('x').close(); "
        "print([name for name in sys.modules if 'sandbox' in name or name in "
        "{'starlette', 'click', 'yaml'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
