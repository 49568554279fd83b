"""What all tests share: servers, and the two kinds of clients."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import signal
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_httpserver import HTTPServer
from upsertgen.emit import formatting

from tests.browser import Browser, browser, find_program
from tests.scenarios import PACKAGE, Scenario, generate
from tests.servers import RawServer, Server

Once = Callable[[str, Callable[[Path], object]], Path]

# How long examples take says how busy a machine is, and nothing about what is tested.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # CI tells what a change did; what nobody has tried yet is for `make fuzz` and for people's own runs.
    derandomize="CI" in os.environ,
)
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start: `make test &` starts all with it switched off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests of pages where there is no browser."""
    if find_program() is None:
        for item in items:
            if item.get_closest_marker("chromium") is not None:
                item.add_marker(pytest.mark.skip(reason="no Chromium"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out and why; those of pages in one line, with what they need."""
    pages: list[str] = []
    for report in terminalreporter.stats.get("skipped", ()):
        if "chromium" in report.keywords:
            pages.append(report.nodeid.partition("::")[0])
        else:
            terminalreporter.write_line(f"Left out: {report.nodeid}: {report.longrepr[2]}")
    if pages:
        terminalreporter.write_line(
            f"Left out: {len(pages)} tests of pages in {', '.join(sorted(set(pages)))}; "
            "to run them, too, install Chromium: apt-get install chromium"
        )


@pytest.fixture(scope="session", autouse=True)
def without_certificate_authorities() -> Iterator[None]:
    """Do not load certificate authorities, which takes a client longer than a call does.

    No test reaches a server that one of them vouches for.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def texts_formatted_once() -> Iterator[None]:
    """Do not format a text again that was formatted in this process: most runs emit what the last one did.

    Processes of their own, such as those that regenerate what is committed, format all that they emit.
    """
    format_texts, known = formatting.format_texts, dict[str, str]()

    @functools.wraps(format_texts)
    def remembering(sources: list[tuple[str, str]]) -> list[str]:
        new = [source for source in sources if source[1] not in known]
        known.update(zip((text for _, text in new), format_texts(new), strict=True))
        return [known[text] for _, text in sources]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formatting, "format_texts", remembering)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Fills folders that all processes of a run share, each in the process that comes first.

    It takes a name, the same in each process and no other folder's, and what fills the empty folder. Tests
    only read the folder that it returns.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def fill(name: str, make: Callable[[Path], object]) -> Path:
        folder, finished = shared / f"once-{name}", shared / f"once-{name}.finished"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                # What is there could not be finished.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                finished.touch()
        return folder

    return fill


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A page in a real browser."""
    program = find_program()
    assert program is not None
    with browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    """Whether a test calls through a synchronous or an asynchronous client."""
    return str(request.param)


@pytest.fixture(scope="session")
def scenario(once: Once) -> Callable[[str], Scenario]:
    """Gives scenarios by their name, each generated only once."""

    def made(name: str) -> Scenario:
        folder = once(f"scenario-{name}", lambda output: generate(name, output))
        return Scenario(name, folder / PACKAGE)

    return cache(made)
