"""What an emitted package must say, word for word, read from the Api tree: encoders have no part in it."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from upsertgen.ir.tree import (
    AnyType,
    Api,
    ArrayType,
    Direction,
    EnumerationType,
    Field,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    Operation,
    ReferenceType,
    Resource,
    ScalarType,
    Type,
    UnionType,
    Value,
    Version,
    inner_types,
)
from upsertgen.ir.vocabulary import Roles
from upsertgen.ir.words import texts, words
from upsertgen.spec_text import SpecText

_DEEPEST = 4
_NO_EXAMPLE = object()


def checks_of(api: Api) -> list[dict[str, Any]]:
    """Return what `tests.hostile.inside` has to check."""
    return list(_checks(api))


def _checks(api: Api) -> Iterator[dict[str, Any]]:
    yield {"check": "policies", "policies": [_policy(one) for one in api.policies]}
    upserts = [
        (operation, operation.upsert)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
        if operation.upsert is not None
    ]
    distinct = dict.fromkeys((one, _maximum(operation, api)) for operation, one in upserts)
    yield {"check": "roles", "roles": [_roles(one) for one, _ in distinct]}
    operations = [
        (resource, operation)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
    ]
    yield {
        "check": "contract",
        "paths": [operation.path.raw for _, operation in operations],
        "labels": [resource.label.raw for resource, _ in operations],
    }
    versions = {
        version.label.raw: {
            "package": version.package,
            "resources": [one.name for one in version.resources],
        }
        for version in api.versions
    }
    yield {"check": "catalogue", "versions": versions}
    for version in api.versions:
        yield from _version(version)
    for model in api.models.values():
        yield _model(model, api.models)
        if model.direction is Direction.REQUEST and model.additional is None:
            keys = sorted(one.wire_name.raw for one in model.fields)
            name = f"{model.class_name}Dict"
            if all(one == unicodedata.normalize("NFKC", one) and one[:2] != "__" for one in keys):
                yield {"check": "typed_dict", "package": model.owner, "class": name, "keys": keys}


def _version(version: Version) -> Iterator[dict[str, Any]]:
    yield {
        "check": "client",
        "package": version.package,
        "base_url": version.base_url.raw,
        "resources": sorted(one.name for one in version.resources),
    }
    for resource in version.resources:
        for operation in resource.operations:
            yield _operation(version, resource, operation)


def _operation(version: Version, resource: Resource, operation: Operation) -> dict[str, Any]:
    return {
        "check": "operation",
        "module": f"{version.package}.{resource.name}",
        "name": operation.name,
        "method": operation.method,
        "path": operation.path.raw,
        "statuses": [one.status for one in operation.responses],
        "arguments": [[one.location, one.wire_name.raw, one.name] for one in operation.parameters],
        "content_type": operation.body.media_type.raw if operation.body else None,
    }


def _policy(policy: Any) -> dict[str, Any]:
    return {
        "fields": {word.name: text.raw for word, text in texts(policy.fields)},
        "rate_limit_headers": {
            word.name: text.raw for word, text in texts(policy.rate_limit_headers)
        },
        "rules": [
            [
                [[field.raw, value.raw] for field, value in rule.when],
                rule.delay_header.raw if rule.delay_header else None,
            ]
            for rule in policy.rules
        ],
    }


def _maximum(operation: Operation, api: Api) -> Any:
    body = operation.body.type if operation.body is not None else None
    if not isinstance(body, ReferenceType) or operation.upsert is None:
        return None
    for field in api.models[body.body].fields:
        if field.wire_name == operation.upsert.inputs and isinstance(field.type, ArrayType):
            return dict(field.type.constraints).get("maxItems")
    return None


def _roles(upsert: Any) -> dict[str, Any]:
    said = {word.name: text.raw for word, text in texts(upsert)}
    found: dict[str, Any] = {
        word.name: said.get(word.name)
        for word in words(Roles)
        if word.schema.get("type") == "string"
    }
    found["case_insensitive"] = sorted({one.raw for one in upsert.case_insensitive})
    return found


def _model(model: Model, models: Mapping[str, Model]) -> dict[str, Any]:
    fields = [
        {
            "name": one.name,
            "wire_name": one.wire_name.raw,
            "required": one.required and not one.filled,
            "default": _default(one),
            "strings": sorted(set(_strings(one.type, model.direction))),
        }
        for one in model.fields
    ]
    example = _object(model, models, 0)
    return {
        "check": "model",
        "package": model.owner,
        "class": model.class_name,
        "fields": fields,
        "examples": [] if example is _NO_EXAMPLE else [example],
    }


def _default(field: Field) -> Any:
    if field.default is not None:
        return _plain(field.default.value)
    if field.filled and isinstance(field.type, EnumerationType):
        (only,) = field.type.values
        return _plain(only)
    return None


def _strings(kind: Type, direction: Direction) -> Iterator[str]:
    if isinstance(kind, EnumerationType):
        yield from (one.raw for one in kind.values if isinstance(one, SpecText))
    if isinstance(kind, (ScalarType, ArrayType)):
        yield from (one.raw for _, one in kind.constraints if isinstance(one, SpecText))
    for inner in inner_types(kind):
        yield from _strings(inner, direction)


def _plain(value: Value) -> Any:
    if isinstance(value, ObjectValue):
        return {key.raw: _plain(item) for key, item in value.fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.raw if isinstance(value, SpecText) else value


def _object(model: Model, models: Mapping[str, Model], depth: int) -> Any:
    """Return an example of a body, or `_NO_EXAMPLE` where none is easily found."""
    example: dict[str, Any] = {}
    for field in model.fields:
        value = _example(field.type, models, depth + 1)
        if value is not _NO_EXAMPLE:
            example[field.wire_name.raw] = value
        elif field.filled:
            example[field.wire_name.raw] = _default(field)
        elif field.required:
            return _NO_EXAMPLE
    if model.additional is not None:
        value = _example(model.additional, models, depth + 1)
        if value is not _NO_EXAMPLE:
            example["another field"] = value
    return example


def _example(kind: Type, models: Mapping[str, Model], depth: int) -> Any:
    if depth > _DEEPEST:
        return _NO_EXAMPLE
    match kind:
        case ReferenceType(body):
            return _object(models[body], models, depth)
        case ScalarType(name, constraints):
            return _scalar(name, dict(constraints))
        case EnumerationType(values):
            return _plain(values[-1])
        case ArrayType(items, constraints):
            least = dict(constraints).get("minItems", 1)
            most = dict(constraints).get("maxItems", 3)
            item = _example(items, models, depth + 1)
            if item is _NO_EXAMPLE or not isinstance(least, int) or not isinstance(most, int):
                return _NO_EXAMPLE
            return [item] * max(min(least, 20), min(1, most)) if least <= most else _NO_EXAMPLE
        case MapType(values):
            value = _example(values, models, depth + 1)
            return {} if value is _NO_EXAMPLE else {'a "key"': value}
        case UnionType(alternatives):
            found = (_example(one, models, depth + 1) for one in alternatives)
            return next((one for one in found if one is not _NO_EXAMPLE), _NO_EXAMPLE)
        case NullableType(inner):
            value = _example(inner, models, depth + 1)
            return None if value is _NO_EXAMPLE else value
        case AnyType():
            return {"any": ["value", 1, None]}


def _scalar(name: str, constraints: dict[str, Any]) -> Any:
    match name:
        case "date-time":
            return "2025-09-01T10:11:12Z"
        case "date":
            return "2025-09-01"
        case "byte":
            return "YQ=="
        case "uuid":
            return "12345678-1234-5678-1234-567812345678"
        case "boolean":
            return True
        case "string":
            least = constraints.get("minLength", 1)
            fits = "pattern" not in constraints and least <= constraints.get("maxLength", least + 1)
            return "é" * min(least, 500) if fits and least <= 500 else _NO_EXAMPLE
        case _:
            return 3 if not constraints else _NO_EXAMPLE


def check_documentation(api: Api, package: Path) -> None:
    """Check that what the specs say about bodies and operations is said in the emitted docstrings.

    Raises:
        AssertionError: It is not.
    """
    trees: dict[Path, ast.Module] = {}

    def class_at(path: Path, name: str) -> ast.ClassDef:
        if path not in trees:
            trees[path] = ast.parse(path.read_bytes())
        return next(
            one for one in trees[path].body if isinstance(one, ast.ClassDef) and one.name == name
        )

    for model in api.models.values():
        found = class_at(package / model.owner / "models.py", model.class_name)
        _check_documented(model.description, ast.get_docstring(found, clean=False) or "")
        told = _attribute_docstrings(found)
        for field in model.fields:
            if field.description is not None:
                _check_documented(field.description, told.get(field.name, ""))
    for version in api.versions:
        for resource in version.resources:
            path = package / version.package / f"{resource.name}.py"
            found = class_at(path, resource.class_name)
            _check_documented(resource.title, ast.get_docstring(found, clean=False) or "")
            methods = {one.name: one for one in found.body if isinstance(one, ast.FunctionDef)}
            for operation in resource.operations:
                text = ast.get_docstring(methods[operation.name], clean=False) or ""
                for told_by_spec in (operation.summary, operation.description, operation.path):
                    _check_documented(told_by_spec, text)
                for parameter in operation.parameters:
                    _check_documented(parameter.description, text)


def _attribute_docstrings(found: ast.ClassDef) -> dict[str, str]:
    told: dict[str, str] = {}
    for before, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    told[before.target.id] = text
                case _:
                    pass
    return told


def _check_documented(text: SpecText | None, docstring: str) -> None:
    if text is not None:
        shown = "".join(_shown(text.raw.strip().removesuffix(".")).split())
        assert shown in "".join(docstring.split()), (text.raw, docstring)


def _shown(text: str) -> str:
    """Return text as a docstring shows it: what is not seen is told."""
    return "".join(
        (
            one
            if " " <= one <= "~"
            or one.isspace()
            or unicodedata.ucd_3_2_0.category(one)
            not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
            else one.encode("unicode_escape").decode("ascii")
        )
        for one in text
    )
