"""The sandbox that is generated for the API, in a process of its own as its users start it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pytest

from tests.sandbox.forms.api import PACKAGE, generate_client

Serve: TypeAlias = Callable[..., "Api"]


class Api:
    """The sandbox, asked by plain HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(timeout=60)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        """Send a request, with what may be left out for most."""
        headers = options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self._http.request(method, self.url + path, headers=headers, **options)

    def records(self, object_type: str) -> list[dict[str, Any]]:
        """Return the values of the records that are kept."""
        page = self.ask("GET", f"/_sandbox/objects/{object_type}").json()
        return [one["properties"] for one in page["results"]]

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="session")
def client_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms")
    with contextlib.chdir(folder):
        return generate_client(folder)


@pytest.fixture(scope="session")
def serve(client_folder: Path) -> Iterator[Serve]:
    """Starts sandboxes with options of the command line."""
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Api:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", f"{PACKAGE}.sandbox", "--port", "0", *options],
                    env={**os.environ, "PYTHONPATH": str(client_folder)},
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            found = re.search(r"http://[0-9.:]+", process.stdout.readline())
            assert found is not None
            api = Api(found[0])
            stack.callback(api.close)
            return api

        yield start


@pytest.fixture(scope="session")
def usual(serve: Serve) -> Api:
    return serve()


@pytest.fixture
def api(usual: Api) -> Api:
    """A sandbox without options, and without records."""
    reset = usual.ask("POST", "/_sandbox/reset", {})
    assert reset.status_code == 200, reset.text
    return usual
