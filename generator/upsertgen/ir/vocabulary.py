"""The words of `x-upsert`, `x-errors`, `x-security` and the other extensions: one table of them all.

Each class is an object of an extension and is called like the class of the client's runtime that it becomes,
where it is said what each word means. Each field is a word: its type says what may be said, its default that
nothing need be, and `About` what neither can tell. The JSON Schema that specs are checked with, the reader,
the check against the bodies, `diff`, what is emitted and the sandbox's contract follow from that. A new word
is a field here, one of the runtime's class, and the code that uses it.
"""

# long because: it is one table, and who adds a word needs no other one.

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from upsertgen.spec_text import SpecText

R = TypeVar("R")

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


HEADER = Schema({"type": "string", "pattern": "^[A-Za-z0-9-]+$"})
"""The name of a header."""

_Header: TypeAlias = Annotated[SpecText, HEADER]
_Factor: TypeAlias = Annotated[float, Schema({"type": "number", "minimum": 1})]
_Seconds: TypeAlias = Annotated[
    float, Schema({"type": "number", "exclusiveMinimum": 0, "maximum": 86400})
]
_Count: TypeAlias = Annotated[int, Schema({"type": "integer", "minimum": 1})]
_Failure: TypeAlias = Annotated[int, Schema({"type": "integer", "minimum": 400, "maximum": 599})]
_Status: TypeAlias = Annotated[
    int | str,
    Schema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5]XX$"},
            ]
        }
    ),
]
_Mapping: TypeAlias = tuple[tuple[SpecText, SpecText], ...]
PROPERTY_TYPES = ("string", "email", "number", "bool", "date", "datetime", "enumeration")
"""The types of properties that clients and stand-ins check."""
_TYPES = Schema({"type": "object", "additionalProperties": {"enum": [*PROPERTY_TYPES]}})
_Text: TypeAlias = SpecText | None


@dataclass(frozen=True)
class ErrorShape:
    """How an error body, and an item of a response's errors, says what is wrong: ways to its fields."""

    message: _Text = None
    code: _Text = None
    trace_ids: _Text = None
    keys: _Text = None
    position: _Text = None
    details: _Text = None
    detail_property: _Text = None
    detail_code: _Text = None
    detail_message: _Text = None
    problem_property: _Text = None
    problem_code: _Text = None
    problem_message: _Text = None


@dataclass(frozen=True)
class Systemic:
    """An error that every record would meet, so that sending more of them is a waste."""

    statuses: Annotated[tuple[_Failure, ...], About(spelling="status")]
    code: _Text = None
    message: _Text = None
    mend: _Text = None


@dataclass(frozen=True)
class Choice:
    """A field, and the value of it that means something."""

    field: SpecText
    value: SpecText


@dataclass(frozen=True)
class PropertyListing:
    """Where a listing of an account's properties says what: ways to its fields."""

    list: SpecText
    name: SpecText
    type: SpecText
    label: _Text = None
    unique: _Text = None
    read_only: _Text = None
    calculated: _Text = None
    archived: _Text = None
    options: _Text = None
    option: _Text = None
    option_label: _Text = None
    multiple: Choice | None = None
    types: Annotated[_Mapping, _TYPES] = ()


@dataclass(frozen=True)
class ValueProblem:
    """What the API says about a value that does not fit its property."""

    code: SpecText
    message: SpecText
    chosen: bool = False


@dataclass(frozen=True)
class ValueProblems:
    """What the API says, by what is wrong with a value."""

    unknown: ValueProblem | None = None
    read_only: ValueProblem | None = None
    too_long: ValueProblem | None = None
    option: ValueProblem | None = None
    number: ValueProblem | None = None
    bool: ValueProblem | None = None
    date: ValueProblem | None = None
    not_midnight: ValueProblem | None = None
    datetime: ValueProblem | None = None
    email: ValueProblem | None = None
    no_key: ValueProblem | None = None
    two_keys: ValueProblem | None = None
    backward: ValueProblem | None = None


@dataclass(frozen=True)
class PropertyRules:
    """What is known of properties and their values, whatever the account."""

    listing: PropertyListing | None = None
    problems: ValueProblems = ValueProblems()
    emails: tuple[SpecText, ...] = ()
    refused_keys: tuple[SpecText, ...] = ()
    longest_text: Annotated[int, Schema({"type": "integer", "minimum": 1})] | None = None


@dataclass(frozen=True)
class ResultStatus:
    """How a result says whether its record was written: a field of it, and the values that mean so."""

    field: Annotated[SpecText, About(owners=(Owner.RESULT,))]
    accepted: Annotated[tuple[SpecText, ...], About(required=True)]


@dataclass(frozen=True)
class ResultPages:
    """An operation that lists, page by page, what became of the records of a job."""

    operation: SpecText
    list: SpecText
    next: _Text = None
    next_parameter: _Text = None


@dataclass(frozen=True)
class Job:
    """Where an answer tells of a job that writes the records later, and how to ask what became of it."""

    status: SpecText
    complete: Annotated[tuple[SpecText, ...], About(required=True)]
    running: tuple[SpecText, ...] = ()
    failed: tuple[SpecText, ...] = ()
    operation: _Text = None
    id: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    url: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    url_header: _Header | None = None
    result_pages: ResultPages | None = None
    error_pages: ResultPages | None = None
    interval: _Seconds = 2.0
    maximum_seconds: _Seconds = 3600.0
    maximum_requests: _Count = 1000


@dataclass(frozen=True)
class Roles:
    """What makes an operation a batch upsert (the extension `x-upsert`): ways to fields of its bodies."""

    inputs: Annotated[SpecText, About(owners=(Owner.REQUEST,))]
    key: Annotated[SpecText, About(owners=(Owner.RECORD,), by_callers=True)]
    results: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    results_by: Annotated[SpecText, Schema({"enum": ["position", "name"]})] | None = None
    result_status: ResultStatus | None = None
    count: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    alternative_keys: Annotated[
        tuple[SpecText, ...], About(owners=(Owner.RECORD,), by_callers=True)
    ] = ()
    key_argument: _Text = None
    key_parameter: Annotated[_Text, About(location="path")] = None
    maximum_bytes: _Count | None = None
    created_values: tuple[SpecText, ...] = ()
    updated_values: tuple[SpecText, ...] = ()
    job: Job | None = None
    key_property: Annotated[_Text, About(owners=(Owner.RECORD,), by_callers=True)] = None
    properties: Annotated[_Text, About(owners=(Owner.RECORD,))] = None
    object_type: _Text = None
    aliases: Annotated[
        tuple[SpecText, ...], About(meaning="What else the object type is called: names and ids.")
    ] = ()
    trace_id: Annotated[_Text, About(owners=(Owner.RECORD,))] = None
    errors: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    created: Annotated[_Text, About(owners=(Owner.RESULT,))] = None
    result_id: Annotated[_Text, About(owners=(Owner.RESULT,))] = None
    warnings: _Text = None
    case_insensitive: tuple[SpecText, ...] = ()
    separator: _Text = None
    error: ErrorShape = ErrorShape()
    systemic: tuple[Systemic, ...] = ()
    property_rules: PropertyRules = PropertyRules()


@dataclass(frozen=True)
class PropertyQuery:
    """What makes an operation list an account's properties (the extension `x-properties`): its parameters."""

    object_type: Annotated[SpecText, About(location="path")]
    archived: Annotated[_Text, About(location="query")] = None
    sensitivity: Annotated[_Text, About(location="query")] = None


@dataclass(frozen=True)
class SecurityScheme:
    """How clients send what meets a security scheme (the extension `x-security`)."""

    prefix: (
        Annotated[SpecText, Schema({"type": "string", "pattern": "^[!-~]+( [!-~]+)*$"})] | None
    ) = None


@dataclass(frozen=True)
class LimitUsage:
    """Where an answer says how much of the limits of a day is used: its fields, and those of one limit."""

    list: Annotated[SpecText, About(owners=(Owner.ANSWER,))]
    limit: Annotated[SpecText, About(owners=(Owner.RESULT,))]
    used: Annotated[SpecText, About(owners=(Owner.RESULT,))]
    name: Annotated[_Text, About(owners=(Owner.RESULT,))] = None
    resets_at: Annotated[_Text, About(owners=(Owner.RESULT,))] = None


@dataclass(frozen=True)
class AccountQuery:
    """What makes an operation tell of the token and its account (the extension `x-account`): its fields."""

    token: Annotated[_Text, About(owners=(Owner.REQUEST,))] = None
    account: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    scopes: Annotated[_Text, About(owners=(Owner.ANSWER,))] = None
    usage: LimitUsage | None = None
    assumed: bool = False


@dataclass(frozen=True)
class ErrorRule:
    """What one kind of error response means (an item of the extension `x-errors`)."""

    statuses: Annotated[tuple[_Status, ...], About(spelling="status")]
    error: ErrorClass
    when: Annotated[_Mapping, About(condition=True)] = ()
    retry: bool = False
    minimum_delay: float = 0.0
    delay_header: _Header | None = None
    delay_unit: (
        Annotated[SpecText, Schema({"enum": ["seconds", "milliseconds", "date"]})] | None
    ) = None
    expired_token: bool = False

    @property
    def conditions(self) -> tuple[tuple[str, SpecText, SpecText], ...]:
        """What limits the answers of these statuses: a word, what it asks for, and the value of that."""
        found: list[tuple[str, SpecText, SpecText]] = []
        for word in words(ErrorRule):
            value: Any = getattr(self, word.name) if word.about.condition else None
            if isinstance(value, SpecText):
                found.append((word.spelling, SpecText(word.spelling), value))
            else:
                found += [(word.spelling, asked, one) for asked, one in value or ()]
        return tuple(found)


@dataclass(frozen=True)
class OwnError:
    """What an error response can mean for one API alone."""

    name: Annotated[ErrorClass, About(meaning="What rules call it; the exception is called alike.")]
    meaning: Annotated[SpecText, About(meaning="What it means, in a few words.")]
    description: Annotated[
        _Text, About(meaning="The docstring of the exception, if that is to say more.")
    ] = None


@dataclass(frozen=True)
class Backoff:
    """How the delay between attempts grows: seconds, and the factor between them."""

    initial: float = 0.5
    multiplier: _Factor = 2.0
    maximum: float = 30.0


@dataclass(frozen=True)
class ErrorFields:
    """The fields of an error body that every client shows."""

    message: _Text = None
    category: _Text = None
    correlation_id: _Text = None
    scopes: _Text = None


@dataclass(frozen=True)
class RateLimitHeaders:
    """The response headers that tell the rate limit."""

    maximum: _Header | None = None
    remaining: _Header | None = None
    interval_milliseconds: _Header | None = None
    daily_maximum: _Header | None = None
    daily_remaining: _Header | None = None


_CLASSES = "What error responses can mean besides what they mean anywhere."
_DEFAULTS = (
    "Whether the usual rules come after these, for statuses that no rule is about. They do unless this is "
    "false."
)
DEFAULT_RULES = (
    ErrorRule((401,), ErrorClass(ERRORS["authentication"])),
    ErrorRule((403,), ErrorClass(ERRORS["permission"])),
    ErrorRule((400, 422), ErrorClass(ERRORS["validation"])),
    ErrorRule((409,), ErrorClass(ERRORS["conflict"])),
    ErrorRule((429,), ErrorClass(ERRORS["rate-limit"]), retry=True),
    ErrorRule(("5XX",), ErrorClass(ERRORS["server"])),
)
"""What statuses mean where the spec does not say: RFC 9110, and RFC 6585 for 429.

Only a 429 is sent again, because it says that the request was not processed.
"""


def complete_rules(rules: tuple[ErrorRule, ...]) -> tuple[ErrorRule, ...]:
    """Return rules with the usual ones behind them, for each status that none of them is always about."""
    known = {status for rule in rules if not rule.conditions for status in rule.statuses}
    usual = (
        replace(
            rule,
            statuses=tuple(one for one in rule.statuses if not {one, f"{str(one)[0]}XX"} & known),
        )
        for rule in DEFAULT_RULES
    )
    return (*rules, *(rule for rule in usual if rule.statuses))


@dataclass(frozen=True)
class ErrorPolicy:
    """How errors are read and which requests are sent again (`x-errors`, `x-retry`, `x-rate-limit`)."""

    rules: Annotated[tuple[ErrorRule, ...], About("x-errors")] = DEFAULT_RULES
    retry_transport: Annotated[bool, About("x-retry", "transport")] = False
    backoff: Annotated[Backoff, About("x-retry")] = Backoff()
    fields: Annotated[ErrorFields, About("x-errors")] = ErrorFields()
    rate_limit_headers: Annotated[
        RateLimitHeaders, About("x-rate-limit", "headers", required=True)
    ] = RateLimitHeaders()
    defaults: Annotated[bool | None, About("x-errors", meaning=_DEFAULTS)] = None
    classes: Annotated[tuple[OwnError, ...], About("x-errors", meaning=_CLASSES)] = ()


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
    if hint == _Mapping:
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
    if hint == _Mapping:
        return tuple((SpecText(key), SpecText(item)) for key, item in value.items())
    if get_origin(hint) is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if hint is ErrorClass:
        return ErrorClass.called(value)
    if hint in (SpecText, float):
        return hint(value)
    return read(hint, value) if isinstance(value, dict) else value
