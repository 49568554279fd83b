"""One document from an address: only from the host that was named, and within bounds."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
from pytest_httpserver import HTTPServer
from upsertgen.importing.limits import Limits
from werkzeug import Request, Response

from tests.importing.documents import document
from tests.importing.running import imported, problems

PATIENCE = 30
"""Seconds until a server gives up, which is long after it should have been left."""


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


def test_a_document_is_fetched(httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/v1/lineItems.json").respond_with_json(document())
    address = httpserver.url_for("/v1/lineItems.json")
    plan = imported(f"{address}?token=secret", specs)
    assert (specs / "v1" / "line_items.yaml").is_file()
    assert plan.provenance.imports("v1")[0].source == address
    assert "secret" not in (specs / "provenance.yaml").read_text("utf-8")


def test_a_redirect_within_the_host_is_followed(httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/things").respond_with_data(
        status=302, headers={"Location": "/v1/things.json"}
    )
    httpserver.expect_request("/v1/things.json").respond_with_json(document())
    imported(httpserver.url_for("/things"), specs)


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/things.json",
        "http://127.0.0.1:1/things.json",
        "//example.com/a",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_another_host_is_refused(
    target: str, httpserver: HTTPServer, specs: Path
) -> None:
    httpserver.expect_request("/things").respond_with_data(status=307, headers={"Location": target})
    (problem,) = problems(httpserver.url_for("/things"), specs)
    assert "the server redirects to" in problem


def test_redirects_are_bounded(httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/things").respond_with_data(
        status=302, headers={"Location": "/things"}
    )
    (problem,) = problems(httpserver.url_for("/things"), specs)
    assert "redirects more than 5 times" in problem


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_told(status: int, httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/things").respond_with_data("no", status=status)
    (problem,) = problems(httpserver.url_for("/things"), specs)
    assert f"the server answers with {status}" in problem


def test_a_page_that_is_no_document_is_told(httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/things").respond_with_data("<html>Please log in</html>")
    (problem,) = problems(httpserver.url_for("/things"), specs)
    assert problem.startswith(f"{httpserver.url_for('/things')}:1:1: ")


def test_a_document_that_is_too_large_is_refused(httpserver: HTTPServer, specs: Path) -> None:
    httpserver.expect_request("/things").respond_with_data(b"x" * 300_000)
    (problem,) = problems(httpserver.url_for("/things"), specs, limits=Limits(document=100_000))
    assert "the document has more than 100000 bytes" in problem


def test_a_server_that_is_too_slow_is_left(httpserver: HTTPServer, specs: Path) -> None:
    left = threading.Event()

    def slow(_: Request) -> Response:
        left.wait(PATIENCE)
        return Response("{}")

    httpserver.expect_request("/things").respond_with_handler(slow)
    (problem,) = problems(httpserver.url_for("/things"), specs, limits=Limits(seconds=0.2))
    left.set()
    assert "the document did not arrive within 0.2 seconds" in problem


class Trickle(BaseHTTPRequestHandler):
    """Sends a byte now and then, without ever letting a socket time out, until it is left."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        pause = 0.05
        try:
            for _ in range(int(PATIENCE / pause)):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def trickle() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Trickle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/things.json"
        server.shutdown()


def test_a_server_that_trickles_is_left(trickle: str, specs: Path) -> None:
    (problem,) = problems(trickle, specs, limits=Limits(seconds=0.4))
    assert "the document did not arrive within 0.4 seconds" in problem


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://example.com/things.json", "the address begins with 'http://'"),
        ("http://127.0.0.1.example.com/things.json", "the address begins with 'http://'"),
        ("ftp://example.com/things.json", "the address begins with 'ftp://'"),
        ("file:///etc/passwd", "the address begins with 'file://'"),
        ("https:///things.json", "the address begins with"),
        ("https://user:secret@example.com/things.json", "holds a user name or a password"),
        ("http://localhost:1/", "names no document"),
        ("http://localhost:1/things.json", "the document cannot be fetched"),
        ("http://[::1", "is no address"),
        ("http://localhost:x/things.json", "is no address"),
    ],
)
def test_addresses_that_are_not_allowed(address: str, expected: str, specs: Path) -> None:
    (problem,) = problems(address, specs)
    assert expected in problem
    assert "secret" not in problem


def test_https_is_verified(tmp_path: Path) -> None:
    """In a process of its own, because the tests' own process trusts nobody."""
    authority = trustme.CA()
    certificate = tmp_path / "certificate.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with HTTPServer(host="localhost", ssl_context=context) as server:
        server.expect_request("/things.json").respond_with_data(json.dumps(document()))
        address = server.url_for("/things.json")
        assert address.startswith("https://")
        trusting = {**os.environ, "SSL_CERT_FILE": str(certificate)}
        for environment, code in ((trusting, 0), (dict(os.environ), 2)):
            run = subprocess.run(
                [sys.executable, "-c", _IMPORT, address, str(tmp_path / f"specs{code}")],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == code, run.stderr
        assert "certificate" in run.stderr
    assert (tmp_path / "specs0/v1/things.yaml").is_file()
    assert not (tmp_path / "specs2").exists()


_IMPORT = """
import sys
from pathlib import Path
from upsertgen.errors import InvalidInput
from upsertgen.importing import Request, plan_import
try:
    plan_import(Request(sys.argv[1], "v1", specs=Path(sys.argv[2])), lambda *_: None).apply()
except InvalidInput as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""
