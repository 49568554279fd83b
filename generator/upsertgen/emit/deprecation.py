"""What a spec calls deprecated, as it is written: the words for it, and all its names."""

from __future__ import annotations

from collections.abc import Iterator

from upsertgen.emit.encode import joined
from upsertgen.ir.tree import Api, Model, Operation, Parameter
from upsertgen.spec_text import SpecText


def told(name: str) -> str:
    """Return what warnings and type checkers say of the use of a public name that is deprecated."""
    return f"{name} is deprecated in the specification of the API"


def described(text: SpecText | None, *, deprecated: bool) -> SpecText | None:
    """Return a description for a docstring, which says first if what it describes is deprecated."""
    if not deprecated:
        return text
    return joined("Deprecated.", *((" ", text) if text is not None else ()))


def model_name(model: Model) -> str:
    """Return the public name of a model."""
    return f"{model.owner}.models.{model.class_name}"


def is_discouraged(operation: Operation, parameter: Parameter) -> bool:
    """Return whether callers are warned of a parameter.

    One that has to be given leaves them no choice, and of an operation that is deprecated itself they are
    warned already.
    """
    return parameter.deprecated and not (parameter.required or operation.deprecated)


def deprecated_names(api: Api) -> Iterator[str]:
    """Yield the public name of each operation, parameter, body and field that is deprecated."""
    for version in api.versions:
        for resource in version.resources:
            for operation in resource.operations:
                name = f"{version.package}.{resource.name}.{operation.name}"
                if operation.deprecated:
                    yield name
                for parameter in operation.parameters:
                    if parameter.deprecated:
                        yield f"{name}({parameter.name})"
        for model in api.models.values():
            if model.owner != version.package:
                continue
            if model.deprecated:
                yield model_name(model)
            for field in model.fields:
                if field.deprecated:
                    yield f"{model_name(model)}.{field.name}"


def warns(api: Api) -> bool:
    """Return whether anything is deprecated that only the runtime of the client can warn of."""
    return any(model.deprecated for model in api.models.values()) or any(
        is_discouraged(operation, parameter)
        for version in api.versions
        for resource in version.resources
        for operation in resource.operations
        for parameter in operation.parameters
    )
