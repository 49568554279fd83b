"""One body, one class: what several object types and versions share is defined once, and loaded late."""

from __future__ import annotations

import json
import posixpath
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pydantic
import pytest
from hubspot_upsert.v3 import AsyncClient, Client
from pydantic import BaseModel
from typing_extensions import is_typeddict
from upsertgen.ir.names import RESERVED_FIELDS
from upsertgen.specs import read

from tests.inventory import OLDEST, OPERATIONS, PACKAGES, SPECS

MODELS: list[ModuleType] = [version.models for version in PACKAGES.values()]
TYPED_DICTS: list[ModuleType] = [
    import_module(f"{version.__name__}.typed_dicts") for version in PACKAGES.values()
]
# What a schema says about itself, and what does not tell one type of Python from another.
_REMARKS = {"description", "title", "example", "examples", "externalDocs"}


class Published:
    """The bodies that the corrected specs publish, worked out without the generator's own idea of them."""

    def __init__(self) -> None:
        self.documents = {key: one.data for key, one in read(SPECS).documents.items()}
        self.sent: list[str] = []
        self.received: list[str] = []
        for key, document in self.documents.items():
            for path in document["paths"].values():
                for operation in path.values():
                    if isinstance(operation, dict):
                        self._add(key, operation)

    def _add(self, key: str, operation: dict[str, Any]) -> None:
        for schema in self._schemas(key, operation.get("requestBody", {})):
            self.sent += self._objects(schema)
        for response in operation["responses"].values():
            for schema in self._schemas(key, response):
                self.received += self._objects(schema)

    def _schemas(self, key: str, node: dict[str, Any]) -> Iterator[Any]:
        for content in self._resolved(key, node, ()).get("content", {}).values():
            yield content["schema"]

    def _resolved(self, key: str, node: Any, open_references: tuple[str, ...]) -> Any:
        """Return a node with each `$ref` replaced by what it leads to, and without remarks."""
        if isinstance(node, list):
            return [self._resolved(key, one, open_references) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(key), file))
            target = target if file else key
            place = f"{target}#{pointer}"
            assert place not in open_references, "these specs hold no recursive schemas"
            found = self.documents[target]
            for step in pointer.split("/")[1:]:
                found = found[step]
            return self._resolved(target, found, (*open_references, place))
        return {
            name: self._resolved(key, value, open_references)
            for name, value in node.items()
            if not (name in _REMARKS and isinstance(value, (str, bool, list)))
        }

    def _objects(self, schema: Any) -> Iterator[str]:
        """Yield each object with fields of its own in a schema, as text that is equal for equal ones."""
        if isinstance(schema, list):
            for one in schema:
                yield from self._objects(one)
        elif isinstance(schema, dict):
            if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
                yield json.dumps(schema, sort_keys=True)
            for one in schema.values():
                yield from self._objects(one)


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


def defined(module: ModuleType) -> list[Any]:
    """Return the classes that a module defines and does not take over from another."""
    classes = [one for one in vars(module).values() if isinstance(one, type)]
    return [one for one in dict.fromkeys(classes) if one.__module__ == module.__name__]


def test_there_are_no_more_classes_than_distinct_bodies(published: Published) -> None:
    distinct = len(set(published.sent)) + len(set(published.received))
    classes = [one for module in MODELS for one in defined(module) if issubclass(one, BaseModel)]
    assert 0 < len(classes) <= distinct
    # Each operation sends a body and receives one, or an error; nearly all of them are shared.
    assert len(published.sent) >= len(OPERATIONS) > distinct
    assert len(published.received) >= 2 * len(OPERATIONS)


def test_there_are_no_more_typed_dicts_than_distinct_bodies_that_are_sent(
    published: Published,
) -> None:
    classes = [one for module in TYPED_DICTS for one in defined(module) if is_typeddict(one)]
    assert 0 < len(classes) <= len(set(published.sent))


def test_the_same_body_is_the_same_class_in_all_versions() -> None:
    for name in ("Error", "ErrorDetail", "StandardError", "SimplePublicObjectBatchInputUpsert"):
        (body,) = {getattr(module, name) for module in MODELS}
        # The oldest version defines it, the later ones take it over.
        assert body.__module__ == f"{PACKAGES[OLDEST].__name__}.models"


@pytest.mark.parametrize("module", [*MODELS, *TYPED_DICTS], ids=lambda module: module.__name__)
def test_modules_export_what_they_say(module: ModuleType) -> None:
    assert list(module.__all__) == sorted(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)
    assert {one.__name__ for one in defined(module)} <= set(module.__all__)


def modules_after(code: str) -> set[str]:
    """Return the modules of the package that are loaded once some code has run in a fresh process."""
    show = "import json, sys; print(json.dumps([n for n in sys.modules if 'hubspot_upsert' in n]))"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], check=True, capture_output=True, text=True
    )
    return set(json.loads(run.stdout))


def test_importing_an_object_type_imports_no_other() -> None:
    loaded = modules_after("import hubspot_upsert.v2025_09.contacts")
    assert {one for one in loaded if one.startswith("hubspot_upsert.v")} == {
        "hubspot_upsert.v2025_09",
        "hubspot_upsert.v2025_09.client",
        "hubspot_upsert.v2025_09.contacts",
        "hubspot_upsert.v2025_09.models",
        # It owns the bodies that have not changed since; its client imports no object type either.
        "hubspot_upsert.v3",
        "hubspot_upsert.v3.client",
        "hubspot_upsert.v3.models",
    }


def test_a_client_loads_models_and_object_types_when_they_are_used() -> None:
    client = "from hubspot_upsert.v2026_03 import Client\nclient = Client('token')"
    assert {one for one in modules_after(client) if one.startswith("hubspot_upsert.v")} == {
        "hubspot_upsert.v2026_03",
        "hubspot_upsert.v2026_03.client",
    }
    assert "hubspot_upsert.v2026_03.tasks" in modules_after(f"{client}\nclient.tasks")
    models = "import hubspot_upsert.v2026_03\nhubspot_upsert.v2026_03.models"
    assert "hubspot_upsert.v2026_03.models" in modules_after(models)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_object_clients_are_built_on_first_use_and_kept(kind: type[Any]) -> None:
    client = kind("token")
    assert "contacts" not in vars(client)
    assert client.contacts is client.contacts
    assert "contacts" in vars(client)
    assert "tasks" not in vars(client)


def test_no_field_can_shadow_a_name_of_pydantic() -> None:
    public = {name for name in dir(pydantic.BaseModel) if not name.startswith("_")}
    assert public - RESERVED_FIELDS == set()
