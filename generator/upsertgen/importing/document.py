"""One published document: its text to plain data, what stands where, and back to the line of a place."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from upsertgen.errors import MOST_PROBLEMS, InvalidInput, Location, Problem, Problems, quoted
from upsertgen.specs.document import LocatedMapping, Pointer, locate
from upsertgen.specs.openapi import METHODS, SCHEMAS, objects
from upsertgen.specs.references import DanglingReference, resolve, steps_of
from upsertgen.specs.yaml_reader import read_yaml

Object: TypeAlias = dict[str, Any]

# What sends something comes first.
_METHODS = tuple(dict.fromkeys(("post", "put", "patch", "delete", "get", "head", *METHODS)))
_JSON_STARTS = ("{", "[")
_NAMES_FILE = re.compile(r"""\$ref["']?\s*:\s*["']?[^"'#\s]""")
_MEMORY = {"{": 250, "[": 70, ",": 100}
"""Bytes that mappings, lists and what they hold take, by what there is of each in the text of JSON."""

_MOST_MEMORY = 220 * 2**20
"""Bytes that a document may take, with its text: published ones of 30 MB with 500,000 nodes fit in."""


class PublishedDocument:
    """A JSON or YAML document.

    Attributes:
        shown: The document, as messages name it.
        data: Its data; a list has nothing that is wanted, and comes out empty.
        origins: Where components come from that were put into it: another document, and the way there.

    Args:
        content: The file's contents, with or without a byte order mark.
        shown: The document, as messages name it.

    Raises:
        InvalidInput: It is neither JSON nor YAML.
    """

    def __init__(self, content: bytes, shown: str) -> None:
        self.shown = shown
        self._text = _decoded(content, shown)
        self._places: LocatedMapping | None = None
        self.origins: dict[Pointer, tuple[PublishedDocument, Pointer]] = {}
        self._is_json = self._text.lstrip().startswith(_JSON_STARTS)
        self.data: Object = self._json() if self._is_json else self._yaml()

    @property
    def names_files(self) -> bool:
        """Whether a `$ref` of it names another file, as far as its text tells."""
        return _NAMES_FILE.search(self._text) is not None

    def check_keys(self) -> None:
        """Refuse a mapping of JSON that has one key twice: readers differ in which one counts.

        Raises:
            InvalidInput: With every such key.
        """
        twice: list[str] = []

        def pairs(items: list[tuple[str, Any]]) -> Object:
            data = dict(items)
            if len(data) < len(items):
                counts = Counter(key for key, _ in items)
                twice.extend(key for key, count in counts.items() if count > 1)
            return data

        if self._is_json:
            json.loads(self._text, object_pairs_hook=pairs)
        if twice:
            # The YAML reader finds such keys too, and knows their lines.
            self._yaml()
            raise InvalidInput(
                Problem(
                    Location(self.shown),
                    f"the key {quoted(key)} stands twice in one mapping",
                    "each key once",
                    "remove or rename one of them",
                )
                for key in twice[:MOST_PROBLEMS]
            )

    def locate(self, pointer: Pointer) -> Location:
        """Return where a node stands, or the nearest one around it; that may be in another document."""
        if pointer[:3] in self.origins:
            other, way = self.origins[pointer[:3]]
            return other.locate((*way, *pointer[3:]))
        if self._places is None:
            with suppress(InvalidInput):
                self._places = self._located(Problems())
        return locate(self._places, pointer) if self._places else Location(self.shown)

    def too_deep(self) -> InvalidInput:
        """Return the error for a document that nests deeper than can be read."""
        return InvalidInput.at(
            Location(self.shown, 0),
            "the document is nested too deeply to be read",
            "an OpenAPI document of ordinary depth",
            "use $ref instead of nesting",
        )

    def _located(self, problems: Problems) -> LocatedMapping | None:
        # JSON may be indented with tabs; without them YAML reads it with everything in its place.
        text = self._text.replace("\t", " ") if self._is_json else self._text
        return read_yaml(text, self.shown, problems)

    def _yaml(self) -> Object:
        problems = Problems()
        data = self._located(problems)
        problems.raise_if_any()
        return data or {}

    def _json(self) -> Object:
        place = Location(self.shown)
        memory = sum(size * self._text.count(mark) for mark, size in _MEMORY.items())
        # All of it may be the text of one value.
        if memory + 2 * sys.getsizeof(self._text) > _MOST_MEMORY:
            raise InvalidInput.at(
                Location(self.shown, 0),
                f"the document takes more than {_MOST_MEMORY // 2**20} MB of memory",
                "an OpenAPI document of ordinary size",
                "check whether this is the right file",
            )
        try:
            return dict_of(json.loads(self._text, parse_constant=_refuse_constant))
        except json.JSONDecodeError as error:
            place, wrong = Location(self.shown, error.lineno, error.colno), error.msg
        except ValueError as error:
            # What follows is advice for whoever writes programs.
            wrong = str(error).partition(";")[0]
        except RecursionError:
            raise self.too_deep() from None
        wrong = f"this is not JSON: {wrong[:1].lower()}{wrong[1:]}"
        raise InvalidInput.at(place, wrong, "a JSON or YAML document", "correct the syntax")


def dict_of(value: Any) -> Object:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def section(data: Object, name: str) -> Object:
    """Return one section of the components of a document."""
    return dict_of(dict_of(data.get("components")).get(name))


def operations(data: Object) -> Iterator[tuple[str, str, Object]]:
    """Yield path, method and operation of a document."""
    for path, item in dict_of(data.get("paths")).items():
        for method, operation in methods(item):
            yield path, method, operation


def methods(item: Any) -> Iterator[tuple[str, Object]]:
    """Yield method and operation of a path."""
    for method in _METHODS:
        if isinstance(item, dict) and isinstance(item.get(method), dict):
            yield method, item[method]


def target(document: Object, reference: str) -> tuple[Pointer, Any]:
    """Return the way to what a `$ref` names, and what stands there.

    Raises:
        DanglingReference: Nothing does, or it does not stand in the document.
    """
    if not reference.startswith("#"):
        raise DanglingReference(
            f"the $ref {quoted(reference)} names another document, and SOURCE has none, or none with that",
            "correct it, or import all that it refers to: a folder or an archive out of which no $ref leads",
        )
    return resolve(document, reference, "the document")


def schema_name(reference: Any) -> str | None:
    """Return the name of the component that a `$ref` leads to or into, or nothing for other `$ref`s."""
    is_one = isinstance(reference, str) and reference.startswith(SCHEMAS)
    return _component(reference) if is_one else None


@lru_cache(maxsize=1024)
def _component(reference: str) -> str:
    return steps_of(reference[1:])[2]


def elements(kind: str, value: Any) -> Iterator[tuple[str, Pointer, Object]]:
    """Yield an object and all below it, as `openapi.objects` does, but for callbacks, which no client has.

    Parameters go by where they are and what they are called, because their order means nothing.
    """
    for inner_kind, way, inner in objects(value, kind):
        if kind == "operation" and way[:1] == ("callbacks",):
            continue
        if kind == "operation" and way[:1] == ("parameters",):
            parameter = value["parameters"][way[1]]
            way = ("parameters", f"{parameter.get('in')} {parameter.get('name')}", *way[2:])
        yield inner_kind, way, inner


def schema_names(kind: str, value: Any) -> Iterator[str]:
    """Yield the names of the components that a reduced object refers to, in the order of the text."""
    for inner_kind, _, inner in elements(kind, value):
        if inner_kind == "schema":
            mapping = dict_of(dict_of(inner.get("discriminator")).get("mapping"))
            names = map(schema_name, (inner.get("$ref"), *mapping.values()))
            yield from (name for name in names if name is not None)


def references(schemas: Mapping[str, Object]) -> dict[str, list[str]]:
    """Return the names of the components that each of some schemas refers to."""
    return {name: list(schema_names("schema", schema)) for name, schema in schemas.items()}


def closure(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Return some names and all that they lead to, each once; names that lead from nowhere are left out."""
    found: dict[str, None] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name in edges and name not in found:
            found[name] = None
            wanted += edges[name]
    return list(found)


def _decoded(content: bytes, shown: str) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput.at(
            Location(shown, 0),
            f"byte {error.start} is not UTF-8",
            "text in UTF-8",
            "save the file as UTF-8",
        ) from None
    if not text.strip():
        raise InvalidInput.at(
            Location(shown, 0), "the document is empty", "an OpenAPI document", "check the file"
        )
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the value {name}")
