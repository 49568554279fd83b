"""Facts about the API that the sandbox stands in for, each with requests that show it.

They are read from `facts.json`, which is generated from the specification.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from .sandbox import Sandbox

_TIMEOUT = 30
_WIDEST_MARK = len("documented")


class Request(BaseModel):
    """A request that shows a fact, and what its answer holds.

    Attributes:
        send: The method and the path.
        headers: Further headers to send.
        body: The JSON body to send.
        status: The status of the answer.
        holds: Values in the body of the answer, by JSON pointers to them; null is also what is not there.
        says: Words in a text of the answer.
        answers: Headers of the answer.
        chosen: Whether the log says that the words are ours; None for either.
    """

    model_config = ConfigDict(frozen=True)

    send: str
    headers: Mapping[str, str] = {}
    body: Any = None
    status: int
    holds: Mapping[str, Any] = {}
    says: str = ""
    answers: Mapping[str, str] = {}
    chosen: bool | None = None


class Fact(BaseModel):
    """A statement about the API.

    Attributes:
        statement: What it says.
        mark: How it is known: documented, live (recorded), or chosen where nobody knows.
        requests: What shows it, one after the other.
    """

    model_config = ConfigDict(frozen=True)

    statement: str = Field(alias="fact")
    mark: str
    requests: tuple[Request, ...]


@cache
def load_facts() -> tuple[Mapping[str, Mapping[str, Any]], tuple[Fact, ...]]:
    """Return the properties to declare, by object type and name, and the facts."""
    data = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
    return data["declare"], tuple(map(Fact.model_validate, data["facts"]))


def failures(sandbox: Sandbox) -> Iterator[tuple[Fact, str | None]]:
    """Yield each fact, and why it does not hold in a running sandbox, or None if it does.

    Args:
        sandbox: The sandbox, which loses its records.
    """
    declared, facts = load_facts()
    for object_type, properties in declared.items():
        sandbox.declare(object_type, **properties)
    for fact in facts:
        yield fact, failure(fact, sandbox)


def failure(fact: Fact, sandbox: Sandbox) -> str | None:
    """Return why a fact does not hold in a running sandbox, or None if it does.

    Args:
        fact: The fact.
        sandbox: The sandbox, which loses its records.
    """
    sandbox.reset()
    for request in fact.requests:
        wrong = _wrong(request, sandbox)
        if wrong is not None:
            return f"{request.send}: {wrong}"
    return None


def print_facts() -> bool:
    """Check every fact against a new sandbox, print a table of them, and return whether all hold."""
    all_hold = True
    with Sandbox() as sandbox:
        for fact, wrong in failures(sandbox):
            all_hold = all_hold and wrong is None
            print(
                f"{'holds' if wrong is None else 'FAILS'}  {fact.mark:{_WIDEST_MARK}}  {fact.statement}"
            )
            if wrong is not None:
                print(f"       {wrong}")
    return all_hold


def _wrong(request: Request, sandbox: Sandbox) -> str | None:
    method, _, path = request.send.partition(" ")
    connection = http.client.HTTPConnection(sandbox.url.partition("//")[2], timeout=_TIMEOUT)
    headers = {
        "Authorization": "Bearer facts",
        "Content-Type": "application/json",
        **request.headers,
    }
    content = None if request.body is None else json.dumps(request.body)
    try:
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != request.status:
        return f"answered with {answer.status} instead of {request.status}: {text}"
    body = json.loads(text) if text else None
    for pointer, value in request.holds.items():
        found = _at(body, pointer)
        if found != value:
            return f"{pointer} is {found!r} instead of {value!r}"
    if request.says and not any(request.says in one for one in _texts(body)):
        return f"{request.says!r} is not said: {text}"
    for name, value in request.answers.items():
        if answer.headers.get(name) != value:
            return f"{name} is {answer.headers.get(name)!r} instead of {value!r}"
    if request.chosen is not None and sandbox.requests[-1].chosen is not request.chosen:
        return f"the log says that chosen is {not request.chosen}"
    return None


def _at(value: object, pointer: str) -> object:
    for step in pointer.split("/")[1:]:
        if isinstance(value, list):
            items = cast("list[object]", value)
            value = items[int(step)] if int(step) < len(items) else None
        else:
            value = cast("dict[str, object]", value).get(step) if isinstance(value, dict) else None
    return value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in cast("dict[str, object]", value).values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _texts(one)
