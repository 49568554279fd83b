"""What a word of an extension is: its type, the JSON Schema of what specs say, and how that is read.

The classes of `vocabulary` are made of them. What a type does not tell, `About` and `Schema` do.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from upsertgen.spec_text import SpecText

R = TypeVar("R")

TextPairs: TypeAlias = tuple[tuple[SpecText, SpecText], ...]
"""Names and what each stands for, as an object in specs."""

ERRORS = {
    "authentication": "AuthenticationError",
    "permission": "PermissionDeniedError",
    "validation": "ValidationError",
    "conflict": "ConflictError",
    "rate-limit": "RateLimitError",
    "daily-limit": "DailyLimitError",
    "locked": "LockedError",
    "server": "ServerError",
}
"""What an error response can mean, and the exception class of the client that says so."""
_BASES = frozenset(("ApiError", "DecodingError", "StatusError", "TransportError"))
_ERROR_NAME = "^[a-z]+(-[a-z]+)*$"


class ErrorClass(str):
    """The name of an exception class of the client."""

    @classmethod
    def called(cls, name: str) -> ErrorClass:
        """Return the class that specs call by a name, be it one that an API has alone."""
        return cls(ERRORS.get(name) or "".join(map(str.capitalize, name.split("-"))) + "Error")

    @property
    def own_name(self) -> str:
        """What specs call a class that an API has alone."""
        return re.sub("(?<=[a-z])(?=[A-Z])", "-", self.removesuffix("Error")).lower()

    @property
    def is_usual(self) -> bool:
        """Whether every client has it."""
        return self in ERRORS.values() or self in _BASES


class Owner(StrEnum):
    """What has the field that a word names, as messages call it."""

    REQUEST = "the request body"
    RECORD = "a record"
    ANSWER = "each success response"
    RESULT = "a result"


@dataclass(frozen=True)
class About:
    """What the type and the default of a word do not tell.

    Attributes:
        extension: The extension that has it, where a class belongs to several.
        spelling: How specs spell it, where that is not its name with hyphens.
        required: Whether the extension, where it is, has to have it in spite of its default.
        owners: What has to have the field that it names.
        by_callers: Whether callers write the field that it names into records themselves.
        condition: Whether it limits the answers that a rule is about.
        location: Where the parameter is that it names.
        meaning: What it means, where no field of the client's runtime says that.
    """

    extension: str = ""
    spelling: str = ""
    required: bool = False
    owners: tuple[Owner, ...] = ()
    by_callers: bool = False
    condition: bool = False
    location: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Word:
    """A field of a class of the vocabulary.

    Attributes:
        name: Its name in Python.
        spelling: How specs spell it.
        required: Whether specs have to say it.
        default: What it is where they do not, or `MISSING`.
        schema: The JSON Schema of what they say.
        read: Turns what they say, valid, into the value of the field.
        about: What else is known about it.
    """

    name: str
    spelling: str
    required: bool
    default: Any
    schema: dict[str, Any]
    read: Callable[[Any], Any]
    about: About


@dataclass(frozen=True, eq=False)
class Schema:
    """The JSON Schema of a word, where that of its type says too little."""

    keywords: dict[str, Any]


def words(kind: Any, extension: str = "") -> tuple[Word, ...]:
    """Return the words of a class of the vocabulary.

    Args:
        kind: The class.
        extension: The extension whose words are wanted, where the class belongs to several; all if empty.
    """
    return tuple(one for one in _words(kind) if extension in ("", one.about.extension))


def schema_of(kind: Any, extension: str = "") -> dict[str, Any]:
    """Return the JSON Schema of an object of the vocabulary; the arguments are those of `words`."""
    known = words(kind, extension)
    return {
        "title": kind.__name__,
        "type": "object",
        "additionalProperties": False,
        "required": [one.spelling for one in known if one.required],
        "properties": {one.spelling: one.schema for one in known},
    }


def read(kind: Callable[..., R], data: dict[str, Any]) -> R:
    """Return an object of the vocabulary as the tree holds it.

    Args:
        kind: Its class.
        data: What specs say, by how they spell it, valid.
    """
    known = (one for one in words(kind) if one.spelling in data)
    return kind(**{one.name: one.read(data[one.spelling]) for one in known})


def texts(record: object) -> Iterator[tuple[Word, SpecText]]:
    """Yield the words of an object that are said in one text, with that."""
    for word in words(type(record)):
        value = getattr(record, word.name)
        if isinstance(value, SpecText):
            yield word, value


@cache
def _words(kind: Any) -> tuple[Word, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_word(hints[one.name], one.name, one.default) for one in fields(kind))


def _word(hint: Any, name: str, default: Any) -> Word:
    metadata = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    about = next((one for one in metadata if isinstance(one, About)), About())
    required = default is MISSING or about.required
    schema = _schema(hint)
    if required and schema.get("type") == "array":
        schema = {**schema, "minItems": 1}
    return Word(
        name,
        about.spelling or name.replace("_", "-"),
        required,
        default,
        schema,
        lambda value: _value(hint, value),
        about,
    )


def _schema(hint: Any) -> dict[str, Any]:
    arguments = get_args(hint)
    if get_origin(hint) is Annotated:
        given = next((one.keywords for one in arguments[1:] if isinstance(one, Schema)), None)
        return given or _schema(arguments[0])
    if get_origin(hint) in (Union, types.UnionType):
        return _schema(arguments[0])
    if hint == TextPairs:
        return {"type": "object", "minProperties": 1, "additionalProperties": _schema(SpecText)}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if is_dataclass(hint) and hint is not SpecText:
        return schema_of(hint)
    return _SCALARS[hint]


_SCALARS: dict[type, dict[str, Any]] = {
    SpecText: {"type": "string", "minLength": 1},
    ErrorClass: {"type": "string", "pattern": _ERROR_NAME, "examples": sorted(ERRORS)},
    bool: {"type": "boolean"},
    float: {"type": "number", "minimum": 0, "maximum": 86400},
}


def _value(hint: Any, value: Any) -> Any:
    arguments = get_args(hint)
    if get_origin(hint) in (Annotated, Union, types.UnionType):
        return _value(arguments[0], value)
    if hint == TextPairs:
        return tuple((SpecText(key), SpecText(item)) for key, item in value.items())
    if get_origin(hint) is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if hint is ErrorClass:
        return ErrorClass.called(value)
    if hint in (SpecText, float):
        return hint(value)
    return read(hint, value) if isinstance(value, dict) else value
