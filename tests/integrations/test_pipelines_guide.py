"""The examples of the guide about pipelines, each run as its own program against the sandbox."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hubspot_upsert.sandbox import Sandbox

from tests.bulk.redis_server import RedisServer
from tests.docs.guides import GUIDES, File, steps
from tests.integrations.conftest import TOKEN, emails
from tests.servers import PATIENCE

PAGE = (GUIDES / "pipelines.md").read_text("utf-8")
FILES = {step.name: step.text for step in steps(PAGE) if isinstance(step, File)}
PEOPLE = {"ada@example.com", "alan@example.com", "grace@example.com"}
NOTHING: Mapping[str, str] = MappingProxyType({})
# Spark asks for the name of the machine otherwise, which may have no address.
LOCAL = {"SPARK_LOCAL_IP": "127.0.0.1"}
REFUSED = "no address,No,Body\n"


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox, shared_redis: RedisServer) -> Path:
    """A folder with the files of the guide, which lead to the servers of this test."""
    for name, text in FILES.items():
        here = text.replace("http://127.0.0.1:8090", sandbox.url)
        here = here.replace("redis://127.0.0.1:6379", shared_redis.url)
        (tmp_path / name).write_text(here, "utf-8")
    return tmp_path


def run(
    folder: Path, *words: str, fails: bool = False, variables: Mapping[str, str] = NOTHING
) -> str:
    """Run a program of the environment of this test, and give all that it said."""
    program = shutil.which(words[0], path=str(Path(sys.executable).parent))
    assert program is not None, f"{words[0]} is not in the environment"
    done = subprocess.run(
        [program, *words[1:]],
        cwd=folder,
        env={
            **os.environ,
            "ACCESS_TOKEN": TOKEN,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(folder),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def refuse_one(folder: Path) -> None:
    with (folder / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write(REFUSED)


def needs(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: `pip install` it into the environment to try")


def shown(line: str) -> str:
    """Make sure that the guide shows a command."""
    assert f"\n$ {line}\n" in PAGE, f"the guide does not show {line!r}"
    return line


def test_dlt_loads(folder: Path, sandbox: Sandbox) -> None:
    own = {"DLT_DATA_DIR": str(folder / "data"), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    program = shown("python load_with_dlt.py").split()
    run(folder, *program, variables=own)
    assert set(emails(sandbox)) == PEOPLE
    refuse_one(folder)
    assert "1 rejected" in run(folder, *program, fails=True, variables=own)
    assert "no address" in (folder / "rejects.jsonl").read_text("utf-8")


def test_dask_loads(folder: Path, sandbox: Sandbox) -> None:
    refuse_one(folder)
    said = run(folder, *shown("python load_with_dask.py").split())
    assert re.search(r"^created +3$", said, re.MULTILINE)
    assert re.search(r"^rejected +1$", said, re.MULTILINE)
    assert set(emails(sandbox)) == PEOPLE


def test_spark_loads(folder: Path, sandbox: Sandbox) -> None:
    if shutil.which("java") is None:
        pytest.skip("there is no Java, which PySpark needs")
    refuse_one(folder)
    said = run(folder, *shown("python load_with_spark.py").split(), variables=LOCAL)
    assert re.search(r"\| *created\| +3\|", said), said
    assert re.search(r"\| *rejected\| +1\|", said), said
    assert set(emails(sandbox)) == PEOPLE


def test_spark_loads_without_outcomes(folder: Path, sandbox: Sandbox) -> None:
    if shutil.which("java") is None:
        pytest.skip("there is no Java, which PySpark needs")
    program = shown("python send_with_spark.py").split()
    run(folder, *program, variables=LOCAL)
    assert set(emails(sandbox)) == PEOPLE
    refuse_one(folder)
    assert "1 rejected" in run(folder, *program, fails=True, variables=LOCAL)


def test_dagster_makes_the_asset(folder: Path, sandbox: Sandbox) -> None:
    own = {"DAGSTER_HOME": "", "DAGSTER_DISABLE_TELEMETRY": "1"}
    command = shown("dagster asset materialize --python-file assets.py --select crm_contacts")
    run(folder, *command.split(), variables=own)
    run(folder, *command.split(), variables=own)
    assert set(emails(sandbox)) == PEOPLE
    assert len(sandbox.requests) == 1, "what has not changed was sent again"
    refuse_one(folder)
    assert "1 rejected" in run(folder, *command.split(), fails=True, variables=own)


def test_airflow_runs_the_dag(folder: Path, sandbox: Sandbox) -> None:
    needs("airflow")
    own = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "CONTACTS": str(folder),
    }
    run(folder, *shown("airflow db migrate").split(), variables=own)
    program = shown("python load_contacts.py").split()
    run(folder, *program, variables=own)
    assert set(emails(sandbox)) == PEOPLE
    assert (folder / "contacts-2026-03-01.html").is_file()
    # A try that follows finds in the journal that everything is done.
    run(folder, *program, variables=own)
    assert len(sandbox.requests) == 1
    # What is refused once is refused again: the task fails, and is not tried again.
    (folder / "contacts-2026-03-01.journal").unlink()
    refuse_one(folder)
    said = run(folder, *program, variables=own)
    assert "1 rejected" in said
    assert "AirflowFailException" in said
