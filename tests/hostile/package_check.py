"""Runs in a process of its own: imports an emitted package, checks what it says, and sees what else happens.

    python -B -I package_check.py FOLDER PACKAGE < checks.json

Prints nothing and leaves with 0 if all is well. It knows nothing of the generator.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
import types
import typing
from pathlib import Path
from typing import Any

_FORBIDDEN = tuple(
    (
        "subprocess. socket. os.system os.exec os.fork os.posix_spawn os.spawn os.remove os.rename "
        "os.mkdir os.rmdir os.link os.symlink os.chmod os.chown os.truncate os.utime os.kill "
        "os.putenv os.unsetenv os.startfile shutil. tempfile. ctypes. urllib. http. ftplib. smtplib. "
        "webbrowser. builtins.input builtins.breakpoint signal. code.__new__ pty."
    ).split()
)
_NEEDED = (
    *"asyncio httpx2 pydantic tenacity pytest uuid datetime logging ssl".split(),
    *("pydantic.deprecated.decorator", "pydantic.root_model", "pydantic.type_adapter"),
)
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "open":
        _, mode, flags = arguments
        writes = (isinstance(mode, str) and any(one in mode for one in "wax+")) or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if not writes:
            return
    elif not event.startswith(_FORBIDDEN):
        return
    os.write(2, f"while it is imported: {event} {arguments!r}\n".encode("utf-8", "replace"))
    os._exit(3)


def _state() -> dict[str, Any]:
    """Return what an import must not change."""
    return {
        "builtins": dict(vars(builtins)),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "folder": str(Path.cwd()),
        "hooks": [*map(id, sys.meta_path), id(sys.excepthook), id(sys.displayhook)],
        "main": sorted(vars(sys.modules["__main__"])),
    }


class _Given:
    """Stands for an argument of a call."""

    def __init__(self, name: str) -> None:
        self.name = name


class Failed(Exception):
    """A check found something else than it should."""


def _same(found: Any, meant: Any, what: str) -> None:
    # As JSON: `True == 1` in Python and not there.
    if json.dumps(found) != json.dumps(meant):
        raise Failed(f"{what}: {found!r} instead of {meant!r}")


def _named(value: Any) -> Any:
    value = getattr(value, "values", value)
    return value.name if isinstance(value, _Given) else None


def _client(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}.{check['package']}.client")
    for name in ("Client", "AsyncClient"):
        _same(vars(module)[name]._BASE_URL, check["base_url"], "the base URL")
        attributes = {one for one in vars(vars(module)[name]) if not one.startswith("_")}
        attributes -= {"TOKEN_URLS"}
        _same(sorted(attributes), check["resources"], f"the attributes of {name}")


def _operation(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}.{check['module']}")
    where = f"{check['module']}.{check['name']}"
    operation = vars(module)[f"_{check['name'].upper()}"]
    for name in ("method", "path"):
        _same(getattr(operation, name), check[name], f"{where}.{name}")
    _same(list(operation.responses), check["statuses"], f"the statuses of {where}")
    if check["content_type"] is not None:
        encoders = {
            "encode_body": lambda model, values, **_: values,
            "encode_value": lambda adapter, value, **_: {"": value},
        }
        vars(module)["_operation"] = types.SimpleNamespace(
            **{**vars(module._operation), **encoders}
        )
    names = [name for _, _, name in check["arguments"]]
    call = vars(module)[f"_call_{check['name']}"](**{name: _Given(name) for name in names})
    groups = {"path": call.path_arguments, "query": call.query, "header": call.headers}
    groups["field"] = groups["body"] = call.content or {}
    for location in ("path", "query", "header"):
        found = [[wire_name, _named(value)] for wire_name, value in groups[location].items()]
        meant = [[wire, name] for where_, wire, name in check["arguments"] if where_ == location]
        _same(found, meant, f"the {location} arguments of {where}")
    for location, wire_name, name in check["arguments"]:
        if location in ("field", "body"):
            value = groups[location]["" if location == "body" else wire_name]
            _same(_named(value), name, f"the field {wire_name!r} of {where}")
    _same(call.content_type, check["content_type"], f"the media type of {where}")


def _strings(annotation: Any, found: set[str]) -> None:
    if typing.get_origin(annotation) is typing.Literal:
        found |= {one for one in typing.get_args(annotation) if isinstance(one, str)}
        return
    for one in (*typing.get_args(annotation), *getattr(annotation, "__metadata__", ())):
        _strings(one, found)
    for one in (annotation, *getattr(annotation, "metadata", ())):
        pattern = getattr(one, "pattern", None)
        if isinstance(pattern, str):
            found.add(pattern)


def _model(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}.{check['package']}.models")
    model = vars(module)[check["class"]]
    # What refers to a class further down is completed when it is first used.
    model.model_rebuild()
    where = f"{check['package']}.models.{check['class']}"
    _same(
        list(model.model_fields), [one["name"] for one in check["fields"]], f"the fields of {where}"
    )
    for one in check["fields"]:
        field = model.model_fields[one["name"]]
        what = f"{where}.{one['name']}"
        _same(
            one["name"] if field.alias is None else field.alias,
            one["wire_name"],
            f"the name in JSON of {what}",
        )
        _same(field.is_required(), one["required"], f"whether there must be {what}")
        if not one["required"]:
            _same(
                field.get_default(call_default_factory=True),
                one["default"],
                f"the default of {what}",
            )
        found: set[str] = set()
        _strings(field.annotation, found)
        for metadata in field.metadata:
            _strings(metadata, found)
        _same(sorted(found), one["strings"], f"the strings of {what}")
    for example in check["examples"]:
        # As JSON: in Python bytes are no text.
        value = model.model_validate_json(json.dumps(example))
        for again in (
            value.model_dump(mode="json", by_alias=True, exclude_unset=True),
            json.loads(value.model_dump_json(by_alias=True, exclude_unset=True)),
        ):
            if again != example:
                raise Failed(f"{where} makes {again!r} of {example!r}")


def _typed_dict(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}.{check['package']}.typed_dicts")
    found = vars(module)[check["class"]]
    _same(sorted(found.__annotations__), check["keys"], f"the keys of {check['class']}")


def _policies(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}._policies")
    for number, meant in enumerate(check["policies"]):
        policy = vars(module)["POLICY" if number == 0 else f"POLICY_{number + 1}"]
        for name in ("fields", "rate_limit_headers"):
            found = (
                vars(getattr(policy, name)) if hasattr(getattr(policy, name), "__dict__") else {}
            )
            for key, value in meant[name].items():
                _same(found.get(key, getattr(getattr(policy, name), key)), value, f"{name} {key}")
        rules = [[[*map(list, one.when)], one.delay_header] for one in policy.rules]
        _same(rules, meant["rules"], "the rules of a policy")


def _roles(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}._upserts")
    for number, meant in enumerate(check["roles"]):
        roles = vars(module)["ROLES" if number == 0 else f"ROLES_{number + 1}"]
        for name, value in meant.items():
            found = getattr(roles, name)
            _same(
                sorted(found) if isinstance(found, frozenset) else found, value, f"the role {name}"
            )


def _catalogue(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(f"{package}._cli.catalogue")
    for label, version in module.CATALOGUE.versions.items():
        meant = check["versions"][label]
        _same(version.package, meant["package"], f"the package of {label!r} in the catalogue")
        if not set(version.resources) <= set(meant["resources"]):
            raise Failed(f"the catalogue has {list(version.resources)!r} of {meant!r}")


def _contract(package: str, check: dict[str, Any]) -> None:
    module = importlib.import_module(package)
    path = Path(str(module.__file__)).parent / "sandbox" / "contract.json"
    contract = json.loads(path.read_text("utf-8"))
    _same(
        [one["path"] for one in contract["operations"]], check["paths"], "the paths of the contract"
    )
    _same(
        [one["label"] for one in contract["operations"]],
        check["labels"],
        "the labels of the contract",
    )


_CHECKS = {
    "catalogue": _catalogue,
    "client": _client,
    "contract": _contract,
    "model": _model,
    "operation": _operation,
    "policies": _policies,
    "roles": _roles,
    "typed_dict": _typed_dict,
}


def _modules(folder: Path, package: str) -> list[str]:
    """Return the modules that depend on the specs; the others are the same for everybody."""
    found: list[str] = []
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if len(parts) < 3 or parts[1] not in ("_runtime", "_bulk", "_cli", "sandbox"):
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return [*found, f"{package}._cli.catalogue"]


def main(folder: Path, package: str) -> None:
    """Import the package and run the checks of the standard input."""
    global _watching
    checks = json.load(sys.stdin)
    # What the package needs is imported before: it is not what is looked at.
    for name in _NEEDED:
        importlib.import_module(name)
    sys.path.insert(0, str(folder))
    sys.addaudithook(_watch)
    before = _state()
    _watching = True
    for name in _modules(folder, package):
        importlib.import_module(name)
    for check in checks:
        _CHECKS[check["check"]](package, check)
    _watching = False
    after = _state()
    for name, value in before.items():
        if after[name] != value:
            raise Failed(f"the import changed {name}")
    if list(Path.cwd().iterdir()):
        raise Failed("the import made a file")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
