"""Which fields of an operation's bodies play which part, as the specification declares it (`x-upsert`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorShape:
    """How an error body, and an item of a response's errors, says what is wrong.

    Names with dots lead through nested objects. None: the API has no such field.

    Attributes:
        message: Says what is wrong, for people.
        code: Names the kind of error.
        trace_ids: The list of trace ids of the inputs that an item is about.
        details: A list of objects, each about one thing that is wrong.
        detail_property: In a detail: the property, or a list of them.
        detail_code: In a detail: a code for programs.
        detail_message: In a detail: a sentence for people.
        problem_property: In the objects of a JSON list that stands inside the message: the property.
        problem_code: In these objects: a code for programs.
        problem_message: In these objects: a sentence for people.
    """

    message: str | None = None
    code: str | None = None
    trace_ids: str | None = None
    details: str | None = None
    detail_property: str | None = None
    detail_code: str | None = None
    detail_message: str | None = None
    problem_property: str | None = None
    problem_code: str | None = None
    problem_message: str | None = None


@dataclass(frozen=True)
class Systemic:
    """An error that every record would meet, so that sending more of them is a waste.

    Attributes:
        statuses: The statuses that it comes with.
        code: A code that the body, or one of its details, has; None for any.
        message: A text that its message holds; None for any.
        mend: What to change before trying again.
    """

    statuses: tuple[int, ...]
    code: str | None = None
    message: str | None = None
    mend: str = ""


@dataclass(frozen=True)
class Roles:
    """Which fields play which part in an upsert.

    Attributes:
        inputs: The request's field that holds the records.
        key: A record's field for the value of its unique property.
        results: The response's field that holds what was written.
        key_property: A record's field that names the unique property.
        properties: The field of records and results that holds the values of properties.
        trace_id: A record's field for an id of the caller's choice, repeated in the answer.
        errors: The response's field that holds what failed.
        created: A result's field that tells created from updated.
        result_id: A result's field for the id that the API gave the record.
        warnings: A result's field for what the API changed or doubts.
        case_insensitive: The unique properties whose values compare without case.
        separator: What joins several values of one property; None if there cannot be several.
        maximum: The most records in one request.
        error: How errors say what is wrong.
        systemic: The errors that every record would meet.
    """

    inputs: str
    key: str
    results: str
    key_property: str | None = None
    properties: str | None = None
    trace_id: str | None = None
    errors: str | None = None
    created: str | None = None
    result_id: str | None = None
    warnings: str | None = None
    case_insensitive: frozenset[str] = frozenset()
    separator: str | None = None
    maximum: int = 100
    error: ErrorShape = ErrorShape()
    systemic: tuple[Systemic, ...] = ()
