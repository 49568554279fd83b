"""Packages that are generated from a small spec inside a test, and imported."""

from __future__ import annotations

import importlib
import itertools
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.servers import Caller, RawServer, Server

_HEADER = """\
openapi: 3.0.3
info: {title: Things, version: v1}
servers:
  - url: https://api.example.com
"""
_OVERLAY_HEADER = """\
overlay: 1.0.0
info: {title: What OpenAPI cannot say, version: "1"}
"""
_NUMBERS = itertools.count(1)


def generate_package(folder: Path, spec: str, overlay: str | None = None) -> ModuleType:
    """Generate a package in this process, under a name that no other has, and import its version.

    Args:
        folder: An empty folder to work in.
        spec: The paths, and whatever else is needed, of the object type `things`.
        overlay: The actions of an overlay.

    Returns:
        The package of the only API version.
    """
    # Imported late: tests of finished clients do without the generator.
    from upsertgen.configuration import Settings
    from upsertgen.run import Selection, plan_output

    version = folder / "specs" / "v1"
    version.mkdir(parents=True)
    (version / "things.yaml").write_text(_HEADER + textwrap.dedent(spec), "utf-8")
    if overlay is not None:
        (folder / "specs" / "overlays").mkdir()
        text = _OVERLAY_HEADER + textwrap.dedent(overlay)
        (folder / "specs" / "overlays" / "more.yaml").write_text(text, "utf-8")
    name = f"generated_for_test_{next(_NUMBERS)}"
    settings = Settings(folder / "specs", folder / "output", package=name, jobs=1)
    output, plan = plan_output(
        settings.with_flags({}), Selection(), lambda stage, done, total: None
    )
    output.apply(plan)
    # Left there when the test is over: modules of the package are imported when first used.
    sys.path.append(str(folder / "output"))
    importlib.invalidate_caches()
    return importlib.import_module(f"{name}.v1")


class Things:
    """Calls the object type `things` of generated packages, always through the same kind of client.

    Args:
        kind: "sync" or "async".
        server: Where to send, unless a call says otherwise.
        generate: Gives the package of a spec and an overlay.
    """

    def __init__(
        self, kind: str, server: Server, generate: Callable[[str, str | None], ModuleType]
    ) -> None:
        self._kind = kind
        self._server = server
        self._generate = generate
        self._package: ModuleType | None = None

    def generate(self, spec: str, overlay: str | None = None) -> None:
        """Take the package of a spec, which is generated only once for both kinds of clients."""
        self._package = self._generate(spec, overlay)

    @property
    def models(self) -> Any:
        return self._imported.models

    @property
    def errors(self) -> Any:
        return importlib.import_module("..errors", self._imported.__name__)

    @property
    def unset(self) -> object:
        return importlib.import_module(".._runtime.operation", self._imported.__name__).UNSET

    @property
    def user_agent(self) -> object:
        return vars(self._imported.Client)["_USER_AGENT"]

    @property
    def base_url(self) -> object:
        return vars(self._imported.Client)["_BASE_URL"]

    def documentation(self, method: str) -> str:
        """The docstring of a method."""
        module = importlib.import_module(".things", self._imported.__name__)
        return str(getattr(module.Things, method).__doc__)

    def call(
        self, method: str, /, server: Server | RawServer | None = None, **arguments: Any
    ) -> Any:
        """Call a method of the object type."""
        return self.call_with({}, method, server, **arguments)

    def call_with(
        self,
        options: dict[str, Any],
        method: str,
        /,
        server: Server | RawServer | None = None,
        **arguments: Any,
    ) -> Any:
        """Call a method of the object type, through a client with these options."""
        caller = Caller(self._kind, self._imported.Client, self._imported.AsyncClient)
        return caller.call(
            lambda client: getattr(client.things, method)(**arguments),
            **{"base_url": (server or self._server).url, **options},
        )

    @property
    def _imported(self) -> ModuleType:
        assert self._package is not None, "generate a package first"
        return self._package
