"""What models read and send, exactly: the schemas that pydantic makes of types, changed where it is too kind.

On its own pydantic makes digits the year 1970, cuts nanoseconds off, sends NaN as null, and takes None for
whatever may be left out. `sent` lets nothing be sent but what was given, and `received` lets nothing be read
that would not be written as it came.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticKnownError,
    SchemaValidator,
    core_schema,
)

from .sent_values import given_date, given_integer, given_moment, given_number, given_uuid, json_of
from .timestamp import Timestamp

# pydantic takes other text, too, such as the digits of seconds.
_BEGINS_AS_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HELD_DATE = f"{_BEGINS_AS_DATE}$"
_HELD_MOMENT = (
    _BEGINS_AS_DATE + r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
"""The text of moments that a datetime holds, as it reads it."""
_MOMENT = re.compile(r"[0-9-]{10}[Tt ][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXACT, _NULLABLE = "exact", "nullable"
_CALLED = {"dict": "dict", "list": "list", "json-or-python": "bytes"}
"""What members of a union are called that are not changed themselves, by their types."""
_NO_SCHEMAS = frozenset(
    ("cls", "config", "default", "expected", "function", "metadata", "serialization")
)
"""The keys of schemas that hold no schemas."""


class _Nullable:
    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _marked(handler(source), _NULLABLE)


Nullable = _Nullable()
"""Marks a field that may be left out, or be null. Without it, None is what stands for the former."""


class Sent:
    """The metadata of a type whose values are sent."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Give what `sent` makes of the type's schema."""
        return sent(handler(source))


class Received:
    """The metadata of a type whose values are received."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Give what `received` makes of the type's schema."""
        return received(handler(source))


@cache
def reader(kind: Any) -> Callable[[bytes], Any]:
    """Return what reads JSON of a type. Models are filled by the names of JSON alone."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return partial(kind.model_validate_json, by_alias=True, by_name=False)
    return partial(_adapter(kind, Received()).validate_json, by_alias=True, by_name=False)


def sent_adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what checks and writes values of a type that are sent."""
    return _adapter(kind, Sent())


def _adapter(kind: Any, metadata: object) -> TypeAdapter[Any]:
    # For type checkers the type that is annotated would have to be written down.
    annotated: Any = Annotated
    adapter: Any = TypeAdapter
    made: TypeAdapter[Any] = adapter(annotated[kind, metadata])
    return made


def sent(schema: CoreSchema, model: type | None = None) -> CoreSchema:
    """Give a schema that takes nothing that would be sent as something else.

    Numbers and bytes are no text, dates no moments, moments have a zone, and nothing is NaN or infinite. A
    field that may be left out is not null, unless it is `Nullable`.

    Args:
        schema: What pydantic made of a type.
        model: The model that it is the schema of. Other models in it are left as they are.
    """
    return _Exact(_SENT, _with_what_is_given, model, _with_vectors).schema(schema)


def received(schema: CoreSchema, model: type | None = None) -> CoreSchema:
    """Give a schema that reads nothing as what would be written otherwise.

    Moments keep all that was written, and numbers without a fraction all their digits. Text among several
    types stays text, unless one of them is written just so. Otherwise like `sent`.
    """
    return _Exact(_RECEIVED, _told_apart, model).schema(schema)


_Node = dict[str, Any]


class _Exact:
    """Goes through a schema and changes those of single values.

    Args:
        rules: What becomes of the schema of a single value, by its type.
        prepare: What becomes of any other schema before it is gone through.
        model: The only model that is gone through.
        finish: What becomes of a schema, given what it was before, when it was gone through.
    """

    def __init__(
        self,
        rules: Mapping[str, Callable[[Any], CoreSchema]],
        prepare: Callable[[_Node], _Node],
        model: type | None,
        finish: Callable[[_Node, _Node], Any] = lambda changed, before: changed,
    ) -> None:
        self._rules = rules
        self._prepare = prepare
        self._model = model
        self._finish = finish

    def schema(self, schema: CoreSchema) -> CoreSchema:
        """Give a schema changed, if it was not before."""
        # pydantic asks a model again for each other one that refers to it.
        changed = self._changed(schema)
        return schema if changed is schema else _marked(changed, _EXACT)

    def _changed(self, node: Any) -> Any:
        if isinstance(node, (list, tuple)):
            parts = [self._changed(one) for one in cast("Iterable[Any]", node)]
            return tuple(parts) if isinstance(node, tuple) else parts
        if not isinstance(node, dict):
            return node
        schema = cast("_Node", node)
        kind = schema.get("type")
        foreign = kind == "model" and schema["cls"] is not self._model
        if foreign or kind == "definition-ref" or _is_marked(schema, _EXACT):
            return schema
        if not isinstance(kind, str):
            # Fields or choices, by their names.
            return {name: self._changed(one) for name, one in schema.items()}
        if kind in self._rules:
            return _marked(self._rules[kind](schema), _EXACT)
        changed = {
            key: one if key in _NO_SCHEMAS else self._changed(one)
            for key, one in self._prepare(schema).items()
        }
        return self._finish(changed, schema)


def _with(schema: Any, **changes: object) -> Any:
    return {**schema, **changes}


def _marked(schema: Any, mark: str) -> CoreSchema:
    metadata: dict[str, Any] = {**(schema.get("metadata") or {}), f"upsertgen_{mark}": True}
    return cast("CoreSchema", {**schema, "metadata": metadata})


def _is_marked(schema: Mapping[str, Any], mark: str) -> bool:
    return f"upsertgen_{mark}" in (schema.get("metadata") or ())


def _with_what_is_given(schema: _Node) -> _Node:
    """Refuse None where it is only the default, and what no schema of a model looks at."""
    if schema["type"] == "union":
        return {**schema, "choices": [_named(*_labelled(one)) for one in schema["choices"]]}
    if (
        schema["type"] == "model"
        and schema.get("config", {}).get("extra_fields_behavior") == "allow"
    ):
        fields = schema["schema"]
        if fields["type"] == "model-fields" and "extras_schema" not in fields:
            return {**schema, "schema": {**fields, "extras_schema": core_schema.any_schema()}}
    optional: Any = schema.get("schema")
    stands_for_nothing = schema["type"] == "default" and schema.get("default", ...) is None
    if stands_for_nothing and optional["type"] == "nullable":
        return (
            schema if _is_marked(optional, _NULLABLE) else {**schema, "schema": optional["schema"]}
        )
    return schema


def _told_apart(schema: _Node) -> _Node:
    """Let text among several types be what one of them writes just so, or text, but no number.

    An object of any fields is only what nothing else takes: pydantic takes a dict for the better match.
    """
    if schema["type"] != "union":
        return schema
    members = [_labelled(one) for one in schema["choices"]]
    kinds: list[str] = [one["type"] for one, _ in members]
    text = kinds.index("str") if "str" in kinds else len(kinds)
    before, behind = (
        [(_written(kind), kind) for kind in some if kind in _WRITTEN]
        for some in (kinds[:text], kinds[text:])
    )
    others = [_without_text(one, label) for one, label in members if one["type"] not in _WRITTEN]
    free = [one for one in others if _is_any_object(one)]
    others = [one for one in others if one not in free]
    if not before and not behind and not (others and free):
        return {**schema, "choices": [*others, *free]}
    rest = [(core_schema.union_schema(others), "other")] if len(others) > 1 else others
    return {**schema, "choices": [*before, *rest, *free, *behind], "mode": "left_to_right"}


def _is_any_object(choice: Any) -> bool:
    schema, _ = _labelled(choice)
    return bool(schema["type"] == "dict" and schema["values_schema"]["type"] == "any")


def _labelled(choice: Any) -> tuple[Any, str | None]:
    return cast("tuple[Any, str]", choice) if isinstance(choice, tuple) else (choice, None)


def _without_text(schema: Any, label: str | None) -> Any:
    kind = schema["type"]
    if kind == "bool":
        schema = _with(schema, strict=True)
    elif kind in ("int", "float"):
        number = schema if kind == "int" else _received_number(schema)
        checked = core_schema.no_info_before_validator_function(_no_text, number)
        return _marked(checked, _EXACT), label or kind
    return _named(schema, label)


def _named(schema: Any, label: str | None) -> Any:
    """Let errors call a member of a union by its type, and not by how it is checked."""
    kind = schema["type"]
    if label is None and kind == "literal":
        label = f"literal[{','.join(map(repr, schema['expected']))}]"
    elif label is None and (kind in _SENT or kind in _CALLED):
        label = _CALLED.get(kind, kind)
    return schema if label is None else (schema, label)


def _no_text(value: object) -> object:
    if isinstance(value, (str, bool)):
        raise PydanticCustomError("number_type", "Input should be a number")
    return value


def _written(kind: str) -> CoreSchema:
    """Give the schema of text that a type of Python writes just so, or of a value of that type."""
    of_python, read = _WRITTEN[kind]

    def check(value: object) -> object:
        if isinstance(value, of_python):
            return value
        found = read(value) if isinstance(value, str) else None
        if found is None:
            raise PydanticCustomError(
                "exact_text", "Input should be the text of a {kind}", {"kind": kind}
            )
        return found

    return _marked(_checked(check, {"type": kind}), _EXACT)


def _checked(check: Callable[[Any], Any], schema: Any) -> CoreSchema:
    """Give the schema of what a function checks, and which is written as another schema says."""
    return core_schema.no_info_wrap_validator_function(
        lambda value, validate: check(value),
        schema,
        serialization=_WRITING if schema["type"] == "datetime" else None,
    )


def _text_of(moment: Any) -> Any:
    return moment.text if isinstance(moment, Timestamp) else moment


_WRITING = core_schema.plain_serializer_function_ser_schema(_text_of, when_used="json")


def _exact_moment(text: str) -> datetime | None:
    try:
        moment = Timestamp.parse(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None
    if moment is not None and text.endswith("Z") and len(text) in (20, 27):
        # pydantic writes it as it is, unless it has a fraction of nothing.
        plain = datetime.combine(moment.date(), moment.time(), UTC)
        written = plain.isoformat().replace("+00:00", "Z")
        return plain if written == text else moment
    return moment


def _exact_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _exact_uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


_WRITTEN: Mapping[str, tuple[type, Callable[[str], object]]] = {
    "datetime": (datetime, _exact_moment),
    "date": (date, _exact_date),
    "uuid": (UUID, _exact_uuid),
}


def _received_number(schema: Any) -> CoreSchema:
    whole = core_schema.int_schema(strict=True)
    return core_schema.union_schema(
        [whole, schema], mode="left_to_right", custom_error_type="float_type"
    )


def _received_moment(schema: Any) -> CoreSchema:
    held = _read_by(datetime.fromisoformat, _HELD_MOMENT)
    other = _checked(_any_moment, schema)
    of_json = core_schema.union_schema([held, other], mode="left_to_right", **_NO_MOMENT)
    of_python = core_schema.union_schema(
        [core_schema.datetime_schema(strict=True), held, other], mode="left_to_right", **_NO_MOMENT
    )
    return core_schema.json_or_python_schema(of_json, of_python, serialization=_WRITING)


_NO_MOMENT: Any = {
    "custom_error_type": "date_time_format",
    "custom_error_message": "Input should be a date and time of RFC 3339",
}


_MOMENT_OF_NUMBER = SchemaValidator(core_schema.datetime_schema())


def _any_moment(value: object) -> datetime:
    if isinstance(value, str):
        return Timestamp.parse(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        moment: datetime = _MOMENT_OF_NUMBER.validate_python(value)
        return moment
    raise ValueError


def _received_date(schema: Any) -> CoreSchema:
    other = core_schema.chain_schema([core_schema.str_schema(pattern=_BEGINS_AS_DATE), schema])
    of_text = core_schema.union_schema(
        [_read_by(date.fromisoformat, _HELD_DATE), other],
        mode="left_to_right",
        custom_error_type="date_format",
        custom_error_message="Input should be a date of RFC 3339",
    )
    return core_schema.json_or_python_schema(
        of_text,
        core_schema.union_schema(
            [core_schema.date_schema(strict=True), of_text], mode="left_to_right"
        ),
    )


def _read_by(function: Callable[[Any], object], pattern: str) -> CoreSchema:
    """Give the schema of text of a pattern that a function reads.

    In a union, what pydantic itself reads of text is a worse match than that text where any value may be.
    """
    text = core_schema.str_schema(pattern=pattern)
    return core_schema.chain_schema([text, core_schema.no_info_plain_validator_function(function)])


def _exact_literal(schema: Any) -> CoreSchema:
    """Tell truth values from numbers, which are equal in Python: True and 1, and 1.0 is both."""
    expected = schema["expected"]
    if not any(isinstance(one, int) for one in expected):
        return cast("CoreSchema", schema)

    def check(value: object, validate: Callable[[object], object]) -> object:
        found = validate(value)
        if isinstance(found, bool) is not isinstance(value, bool):
            told = " or ".join(map(repr, expected))
            raise PydanticKnownError("literal_error", {"expected": told})
        return found

    return core_schema.no_info_wrap_validator_function(check, schema)


def _sent_number(schema: Any) -> CoreSchema:
    number = core_schema.no_info_wrap_validator_function(
        given_number, _with(schema, allow_inf_nan=False)
    )
    # By its last step it is written: an int as one.
    return core_schema.chain_schema([number, _received_number(core_schema.float_schema())])


def _with_vectors(changed: _Node, before: _Node) -> Any:
    """Let lists of floats be looked at as wholes: a vector may have thousands of them."""
    if before["type"] != "list" or before.get("items_schema") != core_schema.float_schema():
        return changed
    least, most = before.get("min_length", 0), before.get("max_length", math.inf)

    def is_vector(value: object) -> bool:
        numbers = cast("list[float]", value) if isinstance(value, list) else []
        is_plain = least <= len(numbers) <= most and {*map(type, numbers)} == {float}
        return is_plain and math.isfinite(sum(numbers))

    def check(value: object, validate: Callable[[object], object]) -> object:
        return [*cast("list[float]", value)] if is_vector(value) else validate(value)

    return core_schema.no_info_wrap_validator_function(check, cast("CoreSchema", changed))


_RECEIVED: Mapping[str, Callable[[Any], CoreSchema]] = {
    "float": _received_number,
    "datetime": _received_moment,
    "date": _received_date,
    "literal": _exact_literal,
}
_SENT: Mapping[str, Callable[[Any], CoreSchema]] = {
    "any": lambda schema: _checked(json_of, schema),
    "bool": lambda schema: _with(schema, strict=True),
    "date": lambda schema: _checked(given_date, schema),
    "datetime": lambda schema: _checked(given_moment, schema),
    "float": _sent_number,
    "int": lambda schema: core_schema.no_info_before_validator_function(given_integer, schema),
    "literal": _exact_literal,
    "str": lambda schema: _with(schema, strict=True),
    "uuid": lambda schema: _checked(given_uuid, schema),
}
