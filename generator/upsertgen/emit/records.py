"""What the records of an upsert are: the type that they are checked against, and what each of them needs.

Records that are nothing but text have no such type: the client makes text of whatever it is given.
"""

from __future__ import annotations

from upsertgen.ir.body_search import steps_of
from upsertgen.ir.constants import constants
from upsertgen.ir.tree import (
    Api,
    MapType,
    NullableType,
    ObjectValue,
    Operation,
    ReferenceType,
    ScalarType,
    Type,
)
from upsertgen.ir.vocabulary import Roles
from upsertgen.spec_text import SpecText

_TEXT = ScalarType("string")


def checked_type(operation: Operation, api: Api) -> Type | None:
    """Return the type that records are checked against; nothing where they are sent as text."""
    upsert, request = operation.upsert, operation.request
    if upsert is None or request is None or _is_text(upsert, request.record, api):
        return None
    return request.record


def record_constants(operation: Operation, api: Api) -> ObjectValue:
    """Return what each record needs and can have but one value of, whether anyone gives it or not."""
    upsert, request = operation.upsert, operation.request
    if upsert is None or request is None:
        return ObjectValue(())
    said = (upsert.key, upsert.key_property, upsert.properties, upsert.trace_id)
    ways = [one for one in said if one is not None]
    return constants(request.record, api.models, ways)


def _is_text(upsert: Roles, record: Type, api: Api) -> bool:
    """Return whether the caller names the property of the key, and all properties are text."""
    if upsert.key_property is None or upsert.properties is None:
        return False
    properties = _type_at(record, upsert.properties, api)
    return isinstance(properties, MapType) and _plain(properties.values) == _TEXT


def _type_at(kind: Type | None, way: SpecText, api: Api) -> Type | None:
    """Return the type of what stands at the end of a way through objects; nothing where it leads nowhere."""
    for name in steps_of(way):
        fields = api.models[kind.body].fields if isinstance(kind, ReferenceType) else ()
        kind = next((_plain(one.type) for one in fields if one.wire_name.raw == name), None)
    return kind


def _plain(kind: Type | None) -> Type | None:
    return _plain(kind.inner) if isinstance(kind, NullableType) else kind
