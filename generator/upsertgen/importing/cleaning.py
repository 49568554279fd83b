"""Objects of a published document without what means nothing to a client.

Extensions, tags, titles and examples go (`example: null` stands in published documents by the ten thousand),
values that are the default, media types beside JSON, and what stands beside a `$ref` of OpenAPI 3.0.
Parameters, responses and request bodies among the components are written out where they are used; schemas
keep their names.
"""

from __future__ import annotations

from typing import Any

from upsertgen.errors import Problem, quoted
from upsertgen.importing.dialect import in_older_words
from upsertgen.importing.grammar import KINDS, Object, ordered
from upsertgen.importing.parsing import locate
from upsertgen.importing.pointers import SCHEMAS, Dangling, schema_reference, steps_of, target
from upsertgen.specs.document import Pointer


class Cleaner:
    """Cleans the objects of one document.

    Attributes:
        problems: What cannot be imported.

    Args:
        data: The document.
        content: Its text, for the lines of problems.
        shown: The document, as messages name it.
        keep_texts: Whether its texts may be kept.
    """

    def __init__(self, data: Object, content: bytes, shown: str, *, keep_texts: bool) -> None:
        self.problems: list[Problem] = []
        self._data = data
        self._content = content
        self._shown = shown
        self._keep_texts = keep_texts
        self._newer = str(data.get("openapi", "")).startswith("3.1")
        self._open: list[str] = []

    def cleaned(self, kind: str, value: Any, way: Pointer) -> Any:
        """Return an object without noise, its fields in order; what is no object comes back as it is.

        Args:
            kind: Its kind.
            value: The object.
            way: The way to it.
        """
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            return self._reference(kind, value, way)
        rules = KINDS[kind]
        result: Object = {}
        for name, inner in value.items():
            if name.startswith("x-") or name in rules.noise or (inner is None and name != "const"):
                continue
            place = (*way, name)
            if name in rules.texts:
                text = text_of(inner) if self._keep_texts else ""
                if text:
                    result[name] = text
            elif name in rules.one:
                result[name] = self.cleaned(rules.one[name], inner, place)
            elif name in rules.many and isinstance(inner, list):
                result[name] = [
                    self.cleaned(rules.many[name], item, (*place, index))
                    for index, item in enumerate(inner)
                ]
            elif name in rules.named and isinstance(inner, dict):
                result[name] = self._named(kind, name, rules.named[name], inner, place)
            elif name in rules.order or self._keep_texts:
                result[name] = inner
            else:
                result[name] = _without_texts(inner)
            if name in rules.defaults and result.get(name) == rules.defaults[name]:
                del result[name]
        if kind == "flow" and isinstance(result.get("scopes"), dict) and not self._keep_texts:
            result["scopes"] = dict.fromkeys(result["scopes"], "")
        if kind == "schema":
            self._mapping(result, way)
            result = in_older_words(result)
        return ordered(kind, result)

    def _named(self, kind: str, name: str, inner_kind: str, inner: Object, way: Pointer) -> Object:
        if name == "content" and kind in ("request body", "response"):
            inner = _json_only(inner)
        return {one: self.cleaned(inner_kind, value, (*way, one)) for one, value in inner.items()}

    def _reference(self, kind: str, value: Object, way: Pointer) -> Any:
        reference: str = value["$ref"]
        if kind == "schema" and reference.startswith(SCHEMAS):
            try:
                target(self._data, reference)
            except Dangling as error:
                self._dangling(error, way)
            kept: Object = {"$ref": "#/" + "/".join(map(_escaped, steps_of(reference)))}
            beside = value.keys() - {"$ref", "deprecated"} - KINDS[kind].texts - KINDS[kind].noise
            beside = {name for name in beside if not name.startswith("x-")}
            if self._newer and beside:
                # In OpenAPI 3.1 keywords beside a $ref count.
                rest = {name: inner for name, inner in value.items() if name in beside}
                rest["allOf"] = [kept, *list_of(rest.get("allOf"))]
                return self.cleaned("schema", rest, way)
            return kept
        if reference in self._open:
            self.problem(
                way,
                f"the $ref {quoted(reference)} leads back to itself",
                "a definition",
                "point it at one",
            )
            return {}
        followed = self.follow(value, way)
        if followed is None:
            return {}
        self._open.append(reference)
        try:
            return self.cleaned(kind, followed[1], followed[0])
        finally:
            self._open.pop()

    def follow(self, value: Object, way: Pointer) -> tuple[Pointer, Any] | None:
        """Return the way to what a `$ref` leads to, and what stands there; note when nothing does."""
        try:
            return target(self._data, value["$ref"])
        except Dangling as error:
            self._dangling(error, way)
            return None

    def _mapping(self, schema: Object, way: Pointer) -> None:
        """Write the values of a discriminator's mapping as `$ref`s; a bare name means a component."""
        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict):
            return
        mapping = discriminator.get("mapping")
        kept: Object = {"propertyName": discriminator.get("propertyName")}
        if isinstance(mapping, dict) and mapping:
            kept["mapping"] = {}
            for tag, reference in mapping.items():
                if isinstance(reference, str) and "/" not in reference and "#" not in reference:
                    reference = schema_reference(reference)
                kept["mapping"][tag] = reference
                try:
                    target(self._data, str(reference))
                except Dangling as error:
                    self._dangling(error, (*way, "discriminator", "mapping", tag))
        schema["discriminator"] = kept

    def _dangling(self, error: Dangling, way: Pointer) -> None:
        self.problem(way, error.wrong, "a definition in the same document", error.mend)

    def problem(self, way: Pointer, wrong: str, expected: str, mend: str) -> None:
        """Note a problem at a place of the document."""
        place = locate(self._content, self._shown, way)
        self.problems.append(Problem(place, wrong, expected, mend))


def _json_only(content: Object) -> Object:
    """Return the JSON representation of a body alone; `*/*` is how some tools write it."""
    for media_type, value in content.items():
        if media_type.partition(";")[0].strip().lower() == "application/json":
            return {media_type: value}
    for media_type, value in content.items():
        if media_type.partition(";")[0].strip().lower().endswith("+json"):
            return {media_type: value}
    for media_type in ("*/*", "application/*"):
        if media_type in content:
            return {"application/json": content[media_type]}
    return content


def _without_texts(value: Any) -> Any:
    """Return a value of a field that is not known, without what looks like a text or an example."""
    if isinstance(value, list):
        return [_without_texts(one) for one in value]
    if not isinstance(value, dict):
        return value
    texts = ("description", "summary", "title", "example", "examples")
    return {
        name: _without_texts(inner)
        for name, inner in value.items()
        if not (name in texts and not isinstance(inner, dict)) and not name.startswith("x-")
    }


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def text_of(value: Any) -> str:
    """Return a text for people without spaces at the ends of its lines."""
    if not isinstance(value, str):
        return ""
    return "\n".join(line.rstrip() for line in value.strip().splitlines())


def list_of(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []
