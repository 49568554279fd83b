"""What an operation is asked for, how it is read, and what comes of it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from ..account import Account
from ..answers import Reply
from ..body import why_unreadable
from ..contract import Operation
from ..errors import NotFoundError, hint
from ..faults import Fault
from ..jobs import Job
from ..request_log import RecordOutcome

_SHOWN_PROBLEMS = 3
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True)
class Call:
    """A request for an operation.

    Attributes:
        operation: The operation.
        arguments: The arguments in the path, decoded.
        parameters: Those of the query.
        token: The token.
        content_type: The media type of the body, as the header has it; empty if there is none.
        body: The body.
        content_encoding: What it is packed in, as the header has it; empty if there is none.
        headers: All headers.
        cookies: All cookies.
        base_url: Where the sandbox was reached.
        path: The path, percent-encoded.
        fault: What goes wrong, if anything.
        job: The job that it asks about by a URL that told of it.
    """

    operation: Operation
    arguments: Mapping[str, str]
    parameters: QueryParams
    token: str
    content_type: str
    body: bytes
    content_encoding: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cookies: Mapping[str, str] = field(default_factory=dict[str, str])
    base_url: str = ""
    path: str = ""
    fault: Fault | None = None
    job: Job | None = None

    def argument(self, name: str) -> str | None:
        """Return an argument of the path, the query or the headers; None if there is none."""
        return self.arguments.get(name) or self.parameters.get(name) or self.headers.get(name)


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        reply: What is answered.
        inputs: How many records it held.
        written: How many of them were written or archived.
        refused: How many of them were refused, each for itself, or asked for and not there.
        found: How many records are answered; None if none were asked for.
        situation: Why the request was refused as a whole; nothing if it was not.
        trace_ids: The trace ids of its records, in their order.
        records: What became of each record, in their order; empty if it was refused as a whole.
    """

    reply: Reply
    inputs: int = 0
    written: int = 0
    refused: int = 0
    found: int | None = None
    situation: str | None = None
    trace_ids: tuple[str, ...] = ()
    records: tuple[RecordOutcome, ...] = ()


class Refused(Exception):
    """A request is refused as a whole, and nothing is written.

    Attributes:
        situation: Why, as the contract calls it.
        values: What the answer's placeholders stand for.
        inputs: How many records it held, as far as it was read.
        trace_ids: The trace ids of these, in their order.
    """

    inputs = 0
    trace_ids: tuple[str, ...] = ()

    def __init__(self, situation: str, **values: Any) -> None:
        super().__init__(situation, values)
        self.situation = situation
        self.values = values


def known_type(account: Account, asked: str) -> str:
    """Return the name under which an object type is kept.

    Raises:
        Refused: There is no such object type, and none comes to be with its first record.
    """
    try:
        return account.known_type(asked)
    except NotFoundError:
        if account.options.create_properties:
            return asked
        detail = f"There is no object type {asked!r}."
        raise Refused("unknown-object-type", object_type=asked, detail=detail) from None


def check_parameters(call: Call) -> None:
    """Check that a request has no parameters in its query but those of its operation.

    Whether the API ignores others is not known, and what passes here should pass there.

    Raises:
        Refused: It has another one.
    """
    known = call.operation.query
    for name in call.parameters:
        if name not in known:
            detail = f"There is no parameter {name!r}; {hint(name, sorted(known))}"
            raise Refused("invalid-query", detail=detail)


def read_flag(call: Call, name: str | None) -> bool:
    """Return whether a parameter of the query is set; not if it is left out.

    Case is no matter: programs in Python send `True`.

    Raises:
        Refused: It is neither true nor false.
    """
    text = call.parameters.get(name or "", "false")
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise Refused("invalid-query", detail=f"{name} must be true or false, not {text!r}.")
    return flag


def check_needed(call: Call) -> None:
    """Check that a request has the arguments of query and headers that its operation needs.

    Raises:
        Refused: One is missing, or has a value that it cannot have.
    """
    places: Mapping[str, Mapping[str, str]] = {
        "query": call.parameters,
        "header": call.headers,
        "cookie": call.cookies,
    }
    for needed in call.operation.needed:
        value = places[needed.location].get(needed.name)
        if value is not None and (not needed.values or value in needed.values):
            continue
        known = f"must be {' or '.join(needed.values)}" if needed.values else "is needed"
        got = "it is missing" if value is None else f"got {value!r}"
        detail = f"The {needed.location} {needed.name} {known}; {got}."
        raise Refused("invalid-query", detail=detail)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def read_object(call: Call) -> dict[str, Any]:
    """Return the JSON object that a request sends.

    Raises:
        Refused: It sends something else.
    """
    data = read_json(call)
    if not isinstance(data, dict):
        raise Refused("invalid-body", detail="The body is no JSON object.")
    return cast("dict[str, Any]", data)


def read_json(call: Call) -> Any:
    """Return what a request sends: a JSON value, or the list of those that stand in its lines.

    Raises:
        Refused: It sends something else.
    """
    content_type, expected = call.content_type, call.operation.media_type
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != expected:
        detail = f"The content type {content_type or 'is missing'!r} is not {expected}."
        raise Refused("unsupported-media-type", content_type=content_type, detail=detail)
    packed = why_unreadable(call.content_encoding, call.body)
    if packed is not None:
        shown = call.content_encoding or content_type
        raise Refused("unsupported-media-type", content_type=shown, detail=packed)
    if expected == "application/json" or expected.endswith("+json"):
        return _decoded(call.body, "The body")
    lines = enumerate(call.body.split(b"\n"), start=1)
    return [_decoded(line, f"Line {number} of the body") for number, line in lines if line.strip()]


def _decoded(content: bytes, what: str) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid-json", detail=f"{what} is no JSON: {error}.") from None


@dataclass(frozen=True)
class BodyProblem:
    """Something in a body that does not fit.

    Attributes:
        place: The steps that lead to it.
        message: What is wrong.
    """

    place: tuple[int | str, ...]
    message: str

    @property
    def text(self) -> str:
        """The place and what is wrong."""
        return f"{'.'.join(map(str, self.place))}: {self.message}"


def check_body(operation: Operation, data: object) -> None:
    """Check what a request sends by the model of the client.

    Raises:
        Refused: It does not fit.
    """
    refuse_body(body_problems(operation, data))
    # The models take values of enumerations that are new; whether the API does is not known.
    for problem in new_values(operation, data):
        raise Refused("invalid-body", detail=problem.message)


def refuse_body(problems: Sequence[BodyProblem]) -> None:
    """Refuse a request for what does not fit, if anything does not.

    Raises:
        Refused: Something does not.
    """
    if problems:
        shown = [one.text for one in problems[:_SHOWN_PROBLEMS]]
        more = len(problems) - len(shown)
        detail = "; ".join([*shown, f"and {more} more"] if more else shown)
        raise Refused("invalid-body", detail=f"The body does not fit: {detail}.")


def body_problems(operation: Operation, data: object) -> list[BodyProblem]:
    """Return what of a body does not fit the model of the client."""
    if operation.request is None:
        return []
    package = __name__.rpartition(".sandbox.")[0]
    models = importlib.import_module(f".{operation.package}.models", package)
    model: type[BaseModel] = getattr(models, operation.request)
    parts: Iterable[tuple[tuple[int, ...], object]] = [((), data)]
    if operation.of_each:
        if not isinstance(data, list):
            return [BodyProblem(("body",), "it is no list")]
        parts = (((number,), one) for number, one in enumerate(cast("list[object]", data)))
    found: list[BodyProblem] = []
    for place, part in parts:
        try:
            # Only the names of JSON count: the models know those of Python too.
            model.model_validate(part, by_alias=True, by_name=False)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            found += [BodyProblem((*place, *one["loc"]), one["msg"]) for one in problems]
    return found


def new_values(operation: Operation, data: object) -> Iterator[BodyProblem]:
    """Yield the values that stand in the place of those of an enumeration."""
    if operation.request is None:
        return
    for way, allowed in operation.enumerations.items():
        for place, value in _at(data, way.split(".") if way else []):
            if value not in (*allowed, None):
                known = ", ".join(map(str, allowed))
                yield BodyProblem(place, f"{way} is one of {known}, and not {value!r}.")


def _at(
    value: object, way: Sequence[str], place: tuple[int | str, ...] = ()
) -> Iterator[tuple[tuple[int | str, ...], object]]:
    """Yield what is at the end of a way through objects and lists, and where that is."""
    if isinstance(value, list):
        for number, one in enumerate(cast("list[object]", value)):
            yield from _at(one, way, (*place, number))
    elif not way:
        yield place, value
    elif isinstance(value, dict) and way[0] in value:
        step = way[0]
        yield from _at(cast("dict[str, object]", value)[step], way[1:], (*place, step))
