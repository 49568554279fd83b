"""What all tests share: servers, and the two kinds of clients."""

from __future__ import annotations

import functools
import os
import signal
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings
from pytest_httpserver import HTTPServer
from upsertgen.emit import formatting

from tests.diffing.browser import find_program
from tests.endpoints import ENDPOINTS, Clock, Endpoint
from tests.packages import Things, generate_package
from tests.scenarios import PACKAGE, Scenario, generate
from tests.servers import RawServer, Server
from tests.sharing import Once

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
    """Makes what all processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return Once(own if worker_id == "master" else own.parent)


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    """Whether a test calls through a synchronous or an asynchronous client."""
    return str(request.param)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str | None], ModuleType]:
    """Generates packages, each only once."""

    @cache
    def package(spec: str, overlay: str | None) -> ModuleType:
        return generate_package(tmp_path_factory.mktemp("package"), spec, overlay)

    return package


@pytest.fixture
def things(kind: str, server: Server, packages: Callable[[str, str | None], ModuleType]) -> Things:
    return Things(kind, server, packages)


@pytest.fixture(params=list(ENDPOINTS))
def endpoint(request: pytest.FixtureRequest, kind: str) -> Endpoint:
    return replace(ENDPOINTS[request.param], kind=kind)


@pytest.fixture
def tasks(kind: str) -> Endpoint:
    """One endpoint that stands for all, where they share what is tested."""
    return replace(ENDPOINTS["2025-09-tasks"], kind=kind)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clock.install(monkeypatch)
    return clock


@pytest.fixture(scope="session")
def scenario(once: Once) -> Callable[[str], Scenario]:
    """Gives scenarios by their name, each generated only once."""

    def made(name: str) -> Scenario:
        folder = once(f"scenario-{name}", lambda output: generate(name, output))
        return Scenario(name, folder / PACKAGE)

    return cache(made)
