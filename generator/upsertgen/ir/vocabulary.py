"""The words of `x-upsert`, `x-errors`, `x-security` and the other extensions: one table of them all.

Each class is an object of an extension and is called like the class of the client's runtime that it becomes,
where it is said what each word means. Each field is a word: its type says what may be said, its default that
nothing need be, and `words.About` what neither can tell. The JSON Schema that specs are checked with, the
reader, the check against the bodies, `diff`, what is emitted and the sandbox's contract follow from that. A
new word is a field here, one of the runtime's class, and the code that uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

from upsertgen.ir.words import ERRORS, About, ErrorClass, Owner, Schema, TextPairs, words
from upsertgen.spec_text import SpecText

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
    types: Annotated[TextPairs, _TYPES] = ()


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
    when: Annotated[TextPairs, About(condition=True)] = ()
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
