"""How an operation is called: in Python, with and without `await`, in bulk, on a command line, by curl."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from dataclasses import dataclass
from urllib.parse import quote

from upsertgen.configuration import Settings
from upsertgen.emit.encode import one_line, raw, shell_word
from upsertgen.emit.readme import ReadmeExample, Shown, plain, request_body
from upsertgen.emit.security import client_security
from upsertgen.ir.tree import Api, Credential, ObjectValue, Operation, Value
from upsertgen.spec_text import SpecText

_PLAIN = re.compile(r"[A-Za-z0-9 :=_-]+\Z")
"""What means itself between double quotes of a shell."""


@dataclass(frozen=True)
class Call:
    """How an operation is called, ready to be laid out.

    Attributes:
        example: What the README would show.
        token: The argument of a client: its token.
        request: The body of the request as JSON data, if it has one.
        curl: The lines of a shell that send it.
        rows: The first lines of a CSV file of such records, to be encoded; nothing if there is none.
    """

    example: ReadmeExample
    token: str
    request: object
    curl: tuple[str, ...]
    rows: tuple[SpecText, ...]


def call_of(settings: Settings, api: Api, shown: Shown, example: ReadmeExample) -> Call:
    """Return how an operation is called.

    Args:
        settings: What the package is called.
        api: What is emitted.
        shown: The operation, and the arguments of a call.
        example: What the README would show of it.
    """
    body, bulk = _body(shown), example.bulk
    return Call(
        example=example,
        token=client_security(shown.version).example(settings.package, shown.operation),
        request=None if body is None else plain(body),
        curl=tuple(_curl(shown, body)),
        rows=() if bulk is None else (_row(bulk.columns), _row(bulk.values)),
    )


def _row(cells: tuple[SpecText, ...]) -> SpecText:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(raw(one_line(cell)) for cell in cells)
    return SpecText(line.getvalue())


def _body(shown: Shown) -> Value:
    """Return the whole body of a request, with its constants."""
    body = request_body(shown)
    constants = tuple(
        (one.wire_name, one.value) for one in shown.operation.constants if one.location == "field"
    )
    if not constants:
        return body
    given = body.fields if isinstance(body, ObjectValue) else ()
    return ObjectValue((*constants, *given))


def _curl(shown: Shown, body: Value) -> list[str]:
    """Return the lines of a shell that send a request; each text in them is one word of it."""
    operation = shown.operation
    head = f"curl --request {shlex.quote(operation.method)} {shell_word(_url(shown))}"
    lines = [head, *_options(shown, operation)]
    if body is not None and operation.body is not None:
        kind = operation.body.media_type
        lines.append(f"--header {shell_word(SpecText(f'Content-Type: {raw(kind)}'))}")
        data = json.dumps(plain(body), allow_nan=False)
        lines.append(f"--data {shlex.quote(data).replace('`', chr(92) + 'u0060')}")
    return [f"{one} \\" for one in lines[:-1]] + lines[-1:]


def _options(shown: Shown, operation: Operation) -> list[str]:
    """Return the options that send headers, and what meets the first security requirement."""
    given = [(one.wire_name, value) for one, value in shown.arguments if one.location == "header"]
    given += [(one.wire_name, one.value) for one in operation.constants if one.location == "header"]
    headers = [
        f"--header {shell_word(SpecText(f'{raw(name)}: {_text(value)}'))}" for name, value in given
    ]
    needed = operation.credentials[0] if operation.credentials else ()
    return [*headers, *map(_credential, needed)]


def _credential(one: Credential) -> str:
    """Return the option that sends a token, which the shell fills in."""
    if one.is_basic:
        return '--user "$ACCESS_TOKEN"'
    if one.location == "query":
        return f'--url-query {shell_word(SpecText(f"{raw(one.parameter)}="))}"$ACCESS_TOKEN"'
    cookie = one.location == "cookie"
    name = f"Cookie: {raw(one.parameter)}=" if cookie else f"{raw(one.parameter)}: "
    text = name if one.prefix is None else f"{name}{raw(one.prefix)} "
    if _PLAIN.match(text):
        return f'--header "{text}$ACCESS_TOKEN"'
    blank = " " if text.endswith(" ") else ""
    return f'--header {shell_word(SpecText(text))}"{blank}$ACCESS_TOKEN"'


def _url(shown: Shown) -> SpecText:
    path, query = raw(shown.operation.path), []
    for one, value in shown.arguments:
        if one.location == "path":
            path = path.replace(f"{{{one.name}}}", quote(_text(value), safe=""))
            path = path.replace(f"{{{raw(one.wire_name)}}}", quote(_text(value), safe=""))
        elif one.location == "query":
            query.append(f"{quote(raw(one.wire_name), safe='')}={quote(_text(value), safe=',')}")
    query += [
        f"{quote(raw(one.wire_name), safe='')}={quote(_text(one.value), safe='')}"
        for one in shown.operation.constants
        if one.location == "query"
    ]
    address = f"{raw(shown.version.base_url).rstrip('/')}{path}"
    return SpecText(f"{address}?{'&'.join(query)}" if query else address)


def _text(value: Value) -> str:
    """Return a value as it stands in a path, a query or a header."""
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return raw(value) if isinstance(value, SpecText) else json.dumps(plain(value))
