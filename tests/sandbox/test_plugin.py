"""Downstream projects test with the fixtures that pytest finds by itself, and pay nothing for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PATIENCE = 300.0
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
TESTS = """\
import asyncio

from hubspot_upsert.sandbox import Options
import pytest


RECORD = {"id": "a@example.com", "idProperty": "email", "properties": {"firstname": "A"}}


@pytest.mark.parametrize("time", [1, 2])
def test_fresh_state(upsert_sandbox, upsert_v3_client, upsert_v2026_03_client, time):
    assert upsert_v3_client.contacts.batch_upsert(inputs=[RECORD]).results[0].new
    assert not upsert_v2026_03_client.contacts.batch_upsert(inputs=[RECORD]).results[0].new
    assert upsert_sandbox.count("contacts") == 1


def test_asynchronous(upsert_sandbox, upsert_v2025_09_async_client):
    async def run():
        async with upsert_v2025_09_async_client as client:
            return await client.contacts.batch_upsert(inputs=[RECORD])

    assert asyncio.run(run()).results[0].new


@pytest.mark.parametrize("count", [1, 2])
def test_shared_state(upsert_sandbox_session, count):
    upsert_sandbox_session.seed("contacts", [{"email": f"{count}@example.com"}])
    assert upsert_sandbox_session.count("contacts") == count


class TestOptions:
    @pytest.fixture
    def upsert_sandbox_options(self):
        return Options(create_properties=True)

    def test_created(self, upsert_sandbox, upsert_v3_client):
        record = {"id": "1", "idProperty": "key", "properties": {}}
        assert upsert_v3_client.tasks.batch_upsert(inputs=[record]).results[0].new
"""


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_downstream_project_uses_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_downstream.py").write_text(TESTS)
    assert "6 passed" in run(tmp_path, *PYTEST, "-W", "error")


def test_pytest_lists_the_fixtures_with_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing(): pass")
    listed = run(tmp_path, *PYTEST, "--fixtures")
    assert "A running sandbox without records" in listed
    assert "A client of the API version 2025-09" in listed


def test_the_plugin_imports_nothing_until_a_fixture_is_used(tmp_path: Path) -> None:
    code = (
        "import sys, hubspot_upsert.testing, hubspot_upsert.v3; hubspot_upsert.v3.Client('x').contacts; "
        "print([name for name in sys.modules if 'sandbox' in name or name in "
        "{'starlette', 'click', 'yaml', 'sqlite3'}])"
    )
    assert run(tmp_path, "-c", code) == "[]\n"
