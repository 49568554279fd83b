"""Object types to TypedDicts, by datamodel-code-generator.

As in `upsertgen.emit.dcg`, it never sees a text of a file: for each there stands a word, which `Classes.code`
replaces by what our encoders make of the text. What is called in Python as in the API is a name of a class;
all other properties are keys of a TypedDict in its functional form, from which the class inherits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upsertgen.emit.dcg import generator_config
from upsertgen.emit.encode import (
    is_plain_name,
    joined,
    one_line,
    plain_name,
    raw,
    string_literal,
    whole_docstring,
)
from upsertgen.properties.tree import MODULE_NAMES, NAMES_SUFFIX, ObjectType, Property
from upsertgen.spec_text import SpecText

MOST_LITERALS = 40
"""How many options a type lists. With more, nobody could read what a type checker says."""
_MOST_TOLD = 5
_CLASS_TEMPLATES = Path(__file__).parent / "class_templates"
_WORD = re.compile(
    r"(?P<indent>(?m:^ *))?(?P<quote>\"\"\"|['\"])(?P<word>specText[0-9]+)(?P=quote)"
)
# In the body of a class, a property of such a name would be what annotations mean.
_IN_ANNOTATIONS = frozenset((*MODULE_NAMES, "Literal", "Required", "str"))
_VALUES = {
    "string": "TextValue",
    "email": "EmailValue",
    "number": "NumberValue",
    "bool": "BoolValue",
    "date": "DateValue",
    "datetime": "DatetimeValue",
    "enumeration": "TextValue",
}
"""What the emitted module calls the values of a property, by the type of the property."""
_KEY_VALUE = "KeyValue"
_ONE, _SEVERAL = "OneOf", "Several"
_BOOLS = {"true", "false"}


@dataclass(frozen=True)
class Classes:
    """Classes as text, with words for texts.

    Attributes:
        worded: The classes.
        texts: What each word stands for.
    """

    worded: str
    texts: Mapping[str, SpecText]

    @property
    def code(self) -> str:
        """The classes with texts in the place of words."""

        def replacement(match: re.Match[str]) -> str:
            text, indent = self.texts[match["word"]], match["indent"] or ""
            is_docstring = match["quote"] == '"""'
            written = whole_docstring(text, len(indent)) if is_docstring else string_literal(text)
            return f"{indent}{written}"

        return _WORD.sub(replacement, self.worded)


class _Writer:
    """Writes what datamodel-code-generator is told, with a word for each text."""

    def __init__(self) -> None:
        self._words: dict[SpecText, str] = {}
        self.definitions: dict[str, Any] = {}
        self.template_data: dict[str, dict[str, Any]] = {}

    def texts(self) -> dict[str, SpecText]:
        return {word: text for text, word in self._words.items()}

    def add(self, object_type: ObjectType) -> None:
        plain = [one for one in object_type.in_class if _is_in_class(one)]
        others = [one for one in object_type.in_class if not _is_in_class(one)]
        base = "TypedDict"
        if others:
            base = f"{object_type.class_name}{NAMES_SUFFIX}"
            told = _functional_text(object_type, others)
            self._define(object_type, others, told, {"called": base, "functional": True})
        for each in (object_type.name, *(one.name for one in object_type.properties)):
            self._word(each)
        names = {self._word(one.name): plain_name(one.name) for one in plain}
        data = {"called": object_type.class_name, "base": base, "names": names}
        self._define(object_type, plain, _class_text(object_type), data)

    def _define(
        self,
        object_type: ObjectType,
        properties: Iterable[Property],
        told: SpecText,
        data: dict[str, Any],
    ) -> None:
        name = f"Class{len(self.template_data)}"
        schemas: dict[str, Any] = {}
        options: dict[str, str] = {}
        required: list[str] = []
        for one in properties:
            word = self._word(one.name)
            if one.name == object_type.key:
                required.append(word)
                written = _reference(_KEY_VALUE)
            else:
                written, options_of = self._schema(one)
                options |= {word: options_of} if options_of else {}
            schemas[word] = {**written, "description": self._word(_property_text(one))}
        self.definitions[name] = {
            "type": "object",
            "description": self._word(told),
            "properties": schemas,
            "required": required,
        }
        self.template_data[name] = {**data, "options": options}

    def _schema(self, one: Property) -> tuple[dict[str, Any], str]:
        """Return the schema of a property, and what the module calls any choice of what it describes."""
        options = [option for option, _ in one.options]
        several = _SEVERAL if one.multiple else ""
        if {option.raw for option in options} == _BOOLS and not several:
            return _reference(_VALUES["bool"]), ""
        if 0 < len(options) <= MOST_LITERALS:
            return {"enum": list(map(self._word, options))}, several or _ONE
        return ({"type": "string"}, several) if several else (_reference(_VALUES[one.type]), "")

    def _word(self, text: SpecText) -> str:
        return self._words.setdefault(text, f"specText{len(self._words)}")


def make_classes(object_types: Iterable[ObjectType]) -> Classes:
    """Run datamodel-code-generator and return its classes.

    Raises:
        RuntimeError: It defined other classes than it was asked for. That is an error of ours.
    """
    # Imported late: `--help` and a file that is wrong do without.
    from datamodel_code_generator import generate

    writer = _Writer()
    for one in object_types:
        writer.add(one)
    if not writer.definitions:
        return Classes("", {})
    foreign = {name: {"type": "object"} for name in (*_VALUES.values(), _KEY_VALUE)}
    text = generate(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {**writer.definitions, **foreign},
        },
        config=generator_config(
            "TypingTypedDict",
            _CLASS_TEMPLATES,
            writer.template_data,
            use_total_false_for_typed_dict=True,
        ),
    )
    if not isinstance(text, str):
        raise RuntimeError("datamodel-code-generator returned no single module")
    _, _, code = text.partition("\n\n\n")
    defined = re.findall(r"^(?:class (\w+)\(|(\w+) = TypedDict\($)", code, re.MULTILINE)
    wanted = [data["called"] for data in writer.template_data.values()]
    if sorted(one or other for one, other in defined) != sorted(wanted):
        raise RuntimeError("datamodel-code-generator defined other classes")
    return Classes(code, writer.texts())


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _is_in_class(one: Property) -> bool:
    return is_plain_name(one.name) and raw(one.name) not in _IN_ANNOTATIONS


def _class_text(object_type: ObjectType) -> SpecText:
    """Return what is said of a class."""
    name, key = object_type.name, object_type.key
    found = joined(", found by `", key, "`") if key else ""
    hidden = len(object_type.properties) - len(object_type.in_class)
    told = f"\n\n{hidden} more cannot be written: `READ_ONLY` names them." if hidden else ""
    return joined("A record of `", name, "`", found, ".", told)


def _functional_text(object_type: ObjectType, properties: Iterable[Property]) -> SpecText:
    head = f"What `{object_type.class_name}` has besides, under names that no class can have.\n"
    items = (
        joined("\n- ", one_line(one.name), ": ", one_line(_property_text(one)))
        for one in properties
    )
    return joined(head, *items)


def _property_text(one: Property) -> SpecText:
    """Return what is said of a property: its label, its type and its options."""
    kind = {"string": "text", "bool": "true or false"}.get(one.type, one.type)
    kind += ", several" if one.multiple else ""
    kind += ", unique" if one.unique else ""
    kind += "" if one.writable else ", read-only"
    label = one_line(one.label)
    head = joined(label, f" ({kind}).") if label.raw else SpecText(f"{kind.capitalize()}.")
    if not one.options:
        return head
    listed = one.options if len(one.options) <= MOST_LITERALS else one.options[:_MOST_TOLD]
    told: list[SpecText | str] = []
    for option, optional_label in listed:
        value, called = one_line(option), one_line(optional_label)
        told += [", " if told else "", value if value.raw else "(empty)"]
        told += [" (", called, ")"] if called.raw not in ("", value.raw) else []
    more = len(one.options) - len(listed)
    ending = f", and {more} more." if more else "."
    return joined(head, "\n\nOptions: ", *told, ending)
