"""What OpenAPI cannot say: `x-upsert`, `x-properties`, `x-errors`, `x-retry`, `x-rate-limit` and `x-sandbox`.

They stand at an operation, usually put there by an overlay, and `x-security` at a security scheme. Each is
checked against a JSON Schema, so that a misspelt field is a located problem like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import quote

from upsertgen.errors import Location, Problems, did_you_mean, nearest, quoted, suggestion
from upsertgen.ir.tree import ObjectValue
from upsertgen.ir.values import freeze
from upsertgen.ir.vocabulary import (
    PROPERTY_TYPES,
    AccountQuery,
    ErrorPolicy,
    ErrorRule,
    OwnError,
    PropertyQuery,
    Roles,
    SecurityScheme,
    complete_rules,
)
from upsertgen.ir.words import ERRORS, read, schema_of
from upsertgen.specs.document import Document
from upsertgen.specs.openapi import objects
from upsertgen.specs.references import DanglingReference, Node, Specs, resolve
from upsertgen.specs.validation import Rules, validate

SITUATIONS = (
    "unauthenticated expired-token missing-scope unsupported-media-type invalid-json invalid-body "
    "invalid-query unknown-object-type unknown-record unknown-inputs too-many-inputs too-many-bytes "
    "missing-key-property non-unique-key unknown-property known-property duplicate-keys invalid-values "
    "refused-input conflict taken-value locked rate-limit daily-limit account-moving server"
).split()
"""What keeps a request, or with `refused-input` and `unknown-inputs` some of its records, from being done."""
ACTIONS = "read list archive batch-read batch-archive search create-property".split()
"""What an operation that is no upsert does with records, or with the properties of their type."""
COMPARISONS = (
    "equal unequal below at-most above at-least between among not-among has has-not has-word has-no-word"
).split()
"""How a filter of a search compares the value of a record."""

_TEXT = {"type": "string", "minLength": 1}
_POINTER = {"type": "string", "pattern": "^(/[^/]*)+$"}
_COUNT = {"type": "integer", "minimum": 1}
_COUNT_OR_NONE = {"type": ["integer", "null"], "minimum": 1}
_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": 86400}


def _object(
    title: str, properties: dict[str, Any], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the JSON Schema of an object; its title is the class of the stand-in that it becomes."""
    return {
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "required": [*required],
        "properties": properties,
    }


_ANSWER = _object(
    "Answer",
    {
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "example": {
            **_TEXT,
            "description": "The name of an example of one of the operation's responses: the body.",
        },
        "part": {
            **_POINTER,
            "description": "The part of the example that is the body, if not all is.",
        },
        "values": {"type": "object", "propertyNames": _POINTER},
        "item": {"type": "object"},
        "detail": {"type": "object"},
        "headers": {"type": "object", "additionalProperties": _TEXT},
        "chosen": {"type": "boolean"},
    },
    ("status", "example"),
)
_SEARCH_FIELDS = (
    "groups filters property operator value values high-value sorts direction descending descending-prefix "
    "query"
).split()
_RECORD_FIELDS = (
    "id inputs id-property properties history archived results errors limit after"
).split()
RECORD_NAMES = frozenset((*_RECORD_FIELDS, *_SEARCH_FIELDS, "object-type")) - {
    *("descending", "descending-prefix")
}
"""The words of `records` that name parameters or fields, whatever their operation does with records."""
_RECORDS = _object(
    "RecordWords",
    {
        "action": {"enum": ACTIONS},
        "object-type": _TEXT,
        **dict.fromkeys(_RECORD_FIELDS, _TEXT),
        **dict.fromkeys(("usual-limit", "maximum-limit"), _COUNT),
        "history-entry": {"type": "object"},
        "next-page": {"type": "object"},
        "computed": {
            "type": "object",
            "additionalProperties": _object(
                "Computed", {"type": {"enum": [*PROPERTY_TYPES]}, "value": _TEXT}, ("value",)
            ),
        },
        "usual-properties": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _TEXT},
        },
        "search": _object(
            "SearchWords",
            {
                **dict.fromkeys(_SEARCH_FIELDS, _TEXT),
                "operators": {"type": "object", "additionalProperties": {"enum": COMPARISONS}},
                "maximum-results": _COUNT,
            },
            (*_SEARCH_FIELDS, "operators", "maximum-results"),
        ),
    },
    ("action", "object-type"),
)
_LIMITS = _object(
    "AccountLimits",
    {
        **dict.fromkeys(("burst", "daily"), _COUNT_OR_NONE),
        **dict.fromkeys(("burst-seconds", "lock-seconds"), _SECONDS),
    },
)
_ANSWERED = ("status", "values", "item", "detail", "headers", "chosen")
SANDBOX = _object(
    "Behaviour",
    {
        "answers": _object(
            "",
            {
                one: {
                    "description": f"What is answered if it is so: {one.replace('-', ' ')}.",
                    **_ANSWER,
                }
                for one in SITUATIONS
            },
        ),
        "batch": {"type": "object"},
        "refusals": {"type": "object"},
        "cancelled": {"type": "object"},
        "result": {"type": "object"},
        "by-type": _object(
            "",
            {
                name: {"description": f"Those of a property of the type {name}.", "type": "object"}
                for name in PROPERTY_TYPES
            },
        ),
        "option": {"type": "object"},
        "scalar-values": {"type": "boolean"},
        "forward": {"type": "array", "items": _TEXT},
        "whole-keys": {"type": "array", "items": _TEXT},
        "identified-by": {"type": "array", "items": _TEXT},
        "limits": _LIMITS,
        "profiles": {"type": "object", "additionalProperties": _LIMITS},
        "own-limit": _object(
            "OwnLimit",
            {"name": _TEXT, "requests": _COUNT, "seconds": _SECONDS},
            ("name", "requests", "seconds"),
        ),
        "records": _RECORDS,
    },
)
"""The JSON Schema of `x-sandbox`. Placeholders such as `{keys}` are filled in by the stand-in."""

_POLICY = ("x-errors", "x-retry", "x-rate-limit")
SCHEMAS: dict[str, dict[str, Any]] = {
    "x-upsert": schema_of(Roles),
    "x-properties": schema_of(PropertyQuery),
    "x-account": schema_of(AccountQuery),
    **{name: schema_of(ErrorPolicy, name) for name in _POLICY},
    "x-sandbox": SANDBOX,
    "x-security": schema_of(SecurityScheme),
}
"""The JSON Schema of each extension."""

_KINDS = {"x-security": "security scheme"}
"""The kind of object that each extension belongs to, where that is no operation."""


def extensions_of(kind: str) -> tuple[str, ...]:
    """Return the extensions that belong to a kind of object."""
    return tuple(name for name in SCHEMAS if _KINDS.get(name, "operation") == kind)


def required_words(extension: str) -> frozenset[str]:
    """Return the words that an extension needs."""
    return frozenset(SCHEMAS[extension].get("required", ()))


def read_upsert(operation: Node, problems: Problems) -> Roles | None:
    """Return what `x-upsert` says at an operation, or nothing when it is absent or wrong."""
    data = _read(operation, "x-upsert", problems)
    return read(Roles, data) if data else None


def read_property_query(operation: Node, problems: Problems) -> PropertyQuery | None:
    """Return what `x-properties` says at an operation, or nothing when it is absent or wrong."""
    data = _read(operation, "x-properties", problems)
    return read(PropertyQuery, data) if data else None


def read_security_scheme(scheme: Node, problems: Problems) -> SecurityScheme:
    """Return what `x-security` says at a security scheme."""
    return read(SecurityScheme, _read(scheme, "x-security", problems))


def read_account_query(operation: Node, problems: Problems) -> AccountQuery | None:
    """Return what `x-account` says at an operation, or nothing when it is absent or wrong."""
    data = _read(operation, "x-account", problems)
    return read(AccountQuery, data) if data else None


def read_policy(
    operation: Node, problems: Problems
) -> tuple[ErrorPolicy, tuple[tuple[Location, OwnError], ...]]:
    """Return how the errors of an operation are read and which requests are sent again.

    What errors mean for this API alone comes with it, each with its place.
    """
    said: dict[str, Any] = {}
    for name in _POLICY:
        said |= _read(operation, name, problems)
    policy = read(ErrorPolicy, said)
    for number, rule in enumerate(policy.rules):
        if rule.delay_unit is not None and rule.delay_header is None:
            problems.add(
                operation.locate("x-errors", "rules", number, "delay-unit"),
                "the rule has 'delay-unit' and no 'delay-header' whose value it would be about",
                "both, or neither",
                "add delay-header, or remove delay-unit",
            )
    if "rules" in said:
        _note_idle(operation, policy.rules, problems)
    classes = [
        (operation.locate("x-errors", "classes", number), one)
        for number, one in enumerate(policy.classes)
    ]
    _check_classes(operation, said, classes, problems)
    own = policy.rules if "rules" in said else ()
    if policy.defaults is False and not own:
        problems.add(
            operation.locate("x-errors", "defaults"),
            "x-errors has no rules and goes without the usual ones, so no status would mean anything",
            "rules, or the usual ones",
            "add rules, or remove 'defaults: false'",
        )
    rules = own if policy.defaults is False else complete_rules(own)
    # What is left to say of the usual rules is said.
    return replace(policy, rules=rules, defaults=None, classes=()), tuple(classes)


def _note_idle(operation: Node, rules: tuple[ErrorRule, ...], problems: Problems) -> None:
    """Note rules that no answer comes to, and words of rules that say nothing."""
    taken: set[int | str] = set()
    for number, rule in enumerate(rules):
        place = ("x-errors", "rules", number)
        for status in rule.statuses:
            kind = f"{str(status)[0]}XX"
            why = "a rule before it takes all its answers" if {status, kind} & taken else ""
            if why := "it is no error" if kind == "2XX" else why:
                text = f"a rule of x-errors is never asked about status {status}: {why}"
                problems.add_note(operation.locate(*place, "status"), text)
        if rule.minimum_delay and not rule.retry:
            text = "minimum-delay of a rule of x-errors says nothing without 'retry: true'"
            problems.add_note(operation.locate(*place, "minimum-delay"), text)
        if not rule.conditions:
            taken.update(rule.statuses)


def _check_classes(
    operation: Node,
    said: dict[str, Any],
    classes: list[tuple[Location, OwnError]],
    problems: Problems,
) -> None:
    """Note errors that no class stands for, and classes that are there already."""
    for place, one in classes:
        if one.name.is_usual:
            problems.add(
                place,
                f"every client has a class {one.name}",
                "a name of its own",
                "call it otherwise, or use the class that is there",
            )
    known = [*ERRORS, *(one.name.own_name for _, one in classes)]
    for number, rule in enumerate(said.get("rules", ())):
        if rule["error"] not in known:
            problems.add(
                operation.locate("x-errors", "rules", number, "error"),
                f"the field 'error' is {quoted(rule['error'])}",
                f"one of {', '.join(map(quoted, sorted(known)))}",
                did_you_mean(rule["error"], known, "correct it, or add it to classes of x-errors"),
            )


def read_sandbox(operation: Node, specs: Specs, problems: Problems) -> ObjectValue | None:
    """Return what `x-sandbox` says at an operation, each example in the place of its name, or nothing.

    Args:
        operation: The operation.
        specs: Follows `$ref`s.
        problems: Where to note examples that the operation does not have.
    """
    data = _read(operation, "x-sandbox", problems)
    if not data:
        return None
    examples = dict(_examples(operation, specs))
    answers: dict[str, Any] = {}
    for situation, answer in data.get("answers", {}).items():
        place = ("x-sandbox", "answers", situation)
        name = answer["example"]
        if name not in examples:
            problems.add(
                operation.locate(*place, "example"),
                f"no response of the operation has an example named {quoted(name)}",
                "a named example of one of its responses",
                did_you_mean(name, examples, "add the example in an overlay"),
            )
            continue
        try:
            _, body = resolve(examples[name], f"#{quote(answer.get('part', ''))}", name)
        except DanglingReference:
            problems.add(
                operation.locate(*place, "part"),
                f"the example {quoted(name)} has no part {quoted(answer['part'])}",
                "a JSON pointer into the example",
                "correct the pointer",
            )
            continue
        for pointer in answer.get("values", ()):
            if not _has(body, pointer.rpartition("/")[0]):
                problems.add_note(
                    operation.locate(*place, "values", pointer, key=True),
                    f"a value of x-sandbox is put at {quoted(pointer)}, which the example has no room for",
                )
        kept = {key: answer[key] for key in _ANSWERED if key in answer}
        answers[situation] = {**kept, "body": body}
    frozen = freeze({**data, "answers": answers})
    return frozen if isinstance(frozen, ObjectValue) else None


def _has(body: Any, pointer: str) -> bool:
    """Return whether something stands at a JSON pointer in an example."""
    try:
        resolve(body, f"#{quote(pointer)}", "")
    except DanglingReference:
        return False
    return True


def _examples(operation: Node, specs: Specs) -> Iterator[tuple[str, Any]]:
    """Yield the named examples of an operation's responses."""
    for status in operation.value.get("responses", {}):
        try:
            response = specs.follow(operation.child("responses", status))
            for media_type in response.value.get("content", {}):
                content = response.child("content", media_type)
                for name in content.value.get("examples", {}):
                    example = specs.follow(content.child("examples", name))
                    yield name, example.value.get("value")
        except DanglingReference:
            # Noted already, when all references were followed.
            continue


def _read(operation: Node, name: str, problems: Problems) -> dict[str, Any]:
    if name not in operation.value:
        return {}
    node = operation.child(name)
    valid = validate(node.document.data, _rules(name), problems, within=node.pointer)
    return node.value if valid else {}


def check_extension_names(owner: Node, problems: Problems, kind: str = "operation") -> None:
    """Note extensions of an object that look like ours and are not.

    Args:
        owner: The object.
        problems: Where to note them.
        kind: What it is, in OpenAPI's grammar.
    """
    known = extensions_of(kind)
    for key in owner.value.keys() - SCHEMAS.keys():
        near = nearest(key, known, 0.7) if key.startswith("x-") else None
        if near:
            problems.add(
                owner.locate(key, key=True),
                f"the extension {quoted(key)} is not known",
                f"{'one of ' * (len(known) > 1)}{', '.join(known)}",
                suggestion(near),
            )


def check_places(document: Document, problems: Problems) -> None:
    """Note extensions that stand somewhere else than where they belong, where nothing reads them."""
    for kind, pointer, value in objects(document.data):
        for key in value.keys() & SCHEMAS.keys():
            owner = _KINDS.get(key, "operation")
            if kind == owner:
                continue
            named = f"{'an' if owner == 'operation' else 'a'} {owner}"
            problems.add(
                document.locate((*pointer, key), key=True),
                f"the extension {quoted(key)} does not belong to {named}",
                f"it among the fields of {named}",
                "move it there",
            )


@cache
def _rules(name: str) -> Rules:
    return Rules(SCHEMAS[name])
