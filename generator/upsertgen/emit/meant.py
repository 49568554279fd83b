"""What each file that a template lays out must define and import, as `upsertgen.emit.proof` words it."""

from __future__ import annotations

from collections.abc import Iterable

from upsertgen.emit.proof import imports_as_definitions
from upsertgen.emit.renamed import OldName, RenamedModule
from upsertgen.emit.resources import ResourceView
from upsertgen.emit.sandbox import Fixtures
from upsertgen.ir.tree import Resource, Version

_TYPING = ("typing", ("TYPE_CHECKING",))
_ERRORS = (
    "AccountMovingError ApiError AuthenticationError ConflictError DailyLimitError DecodingError "
    "LockedError PermissionDeniedError RateLimit RateLimitError ServerError StatusError "
    "TransportError ValidationError"
).split()
_POLICY = ("Backoff", "ErrorFields", "ErrorPolicy", "ErrorRule", "RateLimitHeaders")
_CLIENTS = ("AsyncClient", "Client")


def of_package() -> frozenset[str]:
    """The package itself."""
    imports = imports_as_definitions([(".errors", _ERRORS)])
    return frozenset({"assign __all__", "assign __version__", *imports})


def of_policies(names: Iterable[str]) -> frozenset[str]:
    """The module of policies."""
    imports = imports_as_definitions([(".", ("errors",)), ("._runtime.policy", _POLICY)])
    return frozenset({*imports, *(f"assign {name}" for name in names)})


def of_upserts(names: Iterable[str]) -> frozenset[str]:
    """The module of the roles of fields."""
    found = {f"assign {name}" for name in names}
    if found:
        found |= imports_as_definitions([("._bulk.roles", ("ErrorShape", "Roles", "Systemic"))])
    return frozenset(found)


def of_catalogue(names: Iterable[str]) -> frozenset[str]:
    """The catalogue of the command line."""
    return frozenset({"assign CATALOGUE", *imports_as_definitions([(".resources", tuple(names))])})


def of_fixtures(fixtures: Iterable[Fixtures]) -> frozenset[str]:
    """The fixtures that run the sandbox."""
    found = {"import pytest", "def upsert_sandbox_options", "def upsert_sandbox"}
    found |= imports_as_definitions(
        [("collections.abc", ("Iterator",)), _TYPING, (".sandbox", ("Options", "Sandbox"))]
    )
    found |= imports_as_definitions([(".sandbox", ("Options",))], "upsert_sandbox_options")
    found |= imports_as_definitions([(".sandbox", ("Sandbox",))], "upsert_sandbox")
    for one in fixtures:
        found |= {f"def {one.sync}", f"def {one.asynchronous}"}
        found |= imports_as_definitions([(".", (one.package,))])
        found |= imports_as_definitions([(f".{one.package}", ("Client",))], one.sync)
        found |= imports_as_definitions([(f".{one.package}", ("AsyncClient",))], one.asynchronous)
    return frozenset(found)


def of_version() -> frozenset[str]:
    """The package of a version."""
    imports = imports_as_definitions(
        [
            ("types", ("ModuleType",)),
            _TYPING,
            (".client", _CLIENTS),
            (".", ("models as models",)),
        ]
    )
    return frozenset({"import importlib", "assign __all__", "def __getattr__", *imports})


def of_clients(version: Version, renamed: list[tuple[OldName, Resource]]) -> frozenset[str]:
    """The clients of a version."""
    found = {"assign __all__"}
    found |= imports_as_definitions(
        [
            ("functools", ("cached_property",)),
            _TYPING,
            (".._runtime.client", ("AsyncClientBase", "SyncClient")),
        ]
    )
    if renamed:
        found |= imports_as_definitions([(".._runtime.renamed", ("warn_renamed",))])
    for resource in version.resources:
        names = (f"Async{resource.class_name}", resource.class_name)
        found |= imports_as_definitions([(f".{resource.name}", names)])
    for client, prefix in (("Client", ""), ("AsyncClient", "Async")):
        found |= {f"class {client}", f"assign {client}._BASE_URL", f"assign {client}._USER_AGENT"}
        found |= {f"def {client}.{old.name}" for old, _ in renamed}
        for resource in version.resources:
            method = f"{client}.{resource.name}"
            module = (f".{resource.name}", (f"{prefix}{resource.class_name}",))
            found |= {f"def {method}", *imports_as_definitions([module], method)}
    return frozenset(found)


def of_object_type(resource: Resource, view: ResourceView) -> frozenset[str]:
    """The module of an object type."""
    name = resource.class_name
    found = {"assign __all__", f"class {name}", f"class Async{name}"}
    found |= view.renamed.definitions(name)
    for group in (*view.imports, *view.typed_imports):
        found |= imports_as_definitions(group)
    for method in view.methods:
        found |= {f"assign {method.constant}", f"def _{method.operation.name}"}
        found |= {f"def {name}.{method.operation.name}", f"def Async{name}.{method.operation.name}"}
        if method.body_adapter:
            found.add(f"assign {method.body_constant}")
        if method.bulk is not None:
            found.add(f"assign {method.bulk_constant}")
            found |= {
                (
                    f"assign {prefix}{name}._BULK"
                    if method.bulk.inherited
                    else f"def {prefix}{name}.{bulk}"
                )
                for prefix, _ in view.bases
                for bulk in (method.bulk.name, method.bulk.iter_name)
            }
    return frozenset(found)


def of_renamed_version(target: str) -> frozenset[str]:
    """The package of a version that has another name now."""
    imports = imports_as_definitions(
        [
            _TYPING,
            (".._runtime.renamed", ("renamed_names",)),
            (f"..{target}", ("AsyncClient as AsyncClient", "Client as Client")),
            (".", ("models as models",)),
        ]
    )
    return frozenset({"assign __all__", "assign __getattr__", *imports})


def of_renamed_module(module: RenamedModule) -> frozenset[str]:
    """A module that has another name now."""
    found = imports_as_definitions(
        [
            _TYPING,
            (".._runtime.renamed", ("renamed_module",)),
            (module.target, ("*", *(now for _, now in module.names))),
        ]
    )
    return frozenset(
        {"assign __getattr__", *(f"assign {name}" for name, _ in module.names), *found}
    )
