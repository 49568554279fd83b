"""The text of a published document to plain data, and back from a place in the data to its line."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from upsertgen.errors import MOST_PROBLEMS, InvalidInput, Location, Problem, Problems, quoted
from upsertgen.importing.grammar import Object
from upsertgen.importing.limits import refused
from upsertgen.specs.document import node_location
from upsertgen.specs.yaml_reader import read_yaml

_JSON_STARTS = ("{", "[")


def parse(content: bytes, shown: str) -> Object:
    """Return the data of a JSON or YAML document; a list has nothing that is wanted, and comes out empty.

    Args:
        content: The file's contents, with or without a byte order mark.
        shown: The document, as messages name it.

    Raises:
        InvalidInput: It is neither.
    """
    text = _decoded(content, shown)
    if not text.lstrip().startswith(_JSON_STARTS):
        problems = Problems()
        parsed = read_yaml(text, shown, problems)
        problems.raise_if_any()
        return parsed[0] if parsed else {}
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = Location(shown, error.lineno, error.colno)
        raise _not_json(place, error.msg) from None
    except ValueError as error:
        raise _not_json(Location(shown), str(error)) from None
    except RecursionError:
        raise too_deep(shown) from None
    return data if isinstance(data, dict) else {}


def check_keys(content: bytes, shown: str) -> None:
    """Refuse a JSON document in which a mapping has one key twice: readers differ in which one counts.

    Raises:
        InvalidInput: With every such key.
    """
    text = _decoded(content, shown)
    if not text.lstrip().startswith(_JSON_STARTS):
        return
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> Object:
        data = dict(items)
        if len(data) < len(items):
            counts = Counter(key for key, _ in items)
            twice.extend(key for key, count in counts.items() if count > 1)
        return data

    json.loads(text, object_pairs_hook=pairs)
    if twice:
        problems = Problems()
        # The YAML reader finds such keys too, and knows their lines.
        read_yaml(_without_tabs(text), shown, problems)
        problems.raise_if_any()
        raise InvalidInput(
            Problem(
                Location(shown),
                f"the key {quoted(key)} stands twice in one mapping",
                "each key once",
                "remove or rename one of them",
            )
            for key in twice[:MOST_PROBLEMS]
        )


def locate(content: bytes, shown: str, pointer: Iterable[str | int]) -> Location:
    """Return where a node of a document stands, or the nearest one around it."""
    try:
        parsed = read_yaml(_without_tabs(_decoded(content, shown)), shown, Problems())
    except InvalidInput:
        parsed = None
    return node_location(parsed[1], tuple(pointer)) if parsed else Location(shown)


def too_deep(shown: str) -> InvalidInput:
    """Return the error for a document that nests deeper than can be read."""
    return refused(
        shown,
        "the document is nested too deeply to be read",
        "an OpenAPI document of ordinary depth",
        "use $ref instead of nesting",
    )


def _decoded(content: bytes, shown: str) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(
            shown, f"byte {error.start} is not UTF-8", "text in UTF-8", "save the file as UTF-8"
        ) from None
    if not text.strip():
        raise refused(shown, "the document is empty", "an OpenAPI document", "check the file")
    return text


def _without_tabs(text: str) -> str:
    """Return JSON as YAML reads it, with everything in its place: JSON may be indented with tabs."""
    return text.replace("\t", " ") if text.lstrip().startswith(_JSON_STARTS) else text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the value {name}")


def _not_json(place: Location, what: str) -> InvalidInput:
    wrong = f"this is not JSON: {what[:1].lower()}{what[1:]}"
    return InvalidInput([Problem(place, wrong, "a JSON or YAML document", "correct the syntax")])
