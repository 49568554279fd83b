"""What is known besides the contract, and what is not: properties of every account, and questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from upsertgen.docs.page import Page, Section, Sources
from upsertgen.docs.reference import operation_page, property_page
from upsertgen.emit.encode import page_code, page_text, raw
from upsertgen.ir.fact_files import MARKS
from upsertgen.ir.tree import ObjectValue
from upsertgen.spec_text import SpecText

UNKNOWN = "unknown.md"
"""The page of what nobody knows."""
_CHOSEN = MARKS[-1]
_MOST_SHOWN = 20
"""How many options stand in a table."""


@dataclass(frozen=True)
class PropertyRow:
    """A property as a table lists it; every text is ready to be emitted.

    Attributes:
        name: The property.
        type: The type of its values.
        flags: Whether it is unique, cannot be written, and so on.
        options: The values that it takes, where they are known.
    """

    name: str
    type: str
    flags: str
    options: str


@dataclass(frozen=True)
class Question:
    """What nobody knows; every text is ready to be emitted.

    Attributes:
        text: What it is about.
        stand_in: What is done as long as nobody knows, or where that stands.
    """

    text: str
    stand_in: str


def knowledge(sources: Sources) -> tuple[Section, ...]:
    """Return the pages of what is known besides the contract, and of what is not."""
    properties = tuple(_property_pages(sources))
    found = [Section("Properties of every account", properties)] if properties else []
    questions = dict.fromkeys(_questions(sources))
    if questions:
        title = "What is not known"
        context = {"questions": list(questions)}
        found.append(Section("", (sources.page(UNKNOWN, title, "unknown.md.jinja", context),)))
    return tuple(found)


def _property_pages(sources: Sources) -> Iterator[Page]:
    for known in sources.api.properties:
        rows = [_row(name, said or {}) for name, said in sorted(known.declarations.items())]
        title = SpecText(f"Properties of {known.object_type}")
        context = {"known": known, "rows": rows}
        path = property_page(known.object_type)
        yield sources.page(path, title, "properties.md.jinja", context, (known.source,))


def _row(name: str, said: dict[str, Any]) -> PropertyRow:
    words = {"unique": "unique", "read_only": "read only", "calculated": "calculated"}
    flags = [word for key, word in words.items() if said.get(key)]
    flags += ["several values"] if said.get("multiple") else []
    options = [str(one) for one in said.get("options", ())]
    shown = ", ".join(page_code(SpecText(one)) for one in options[:_MOST_SHOWN])
    rest = f" and {len(options) - _MOST_SHOWN} more" if len(options) > _MOST_SHOWN else ""
    kind = SpecText(str(said.get("type", "string")))
    return PropertyRow(page_code(SpecText(name)), page_code(kind), ", ".join(flags), shown + rest)


def _questions(sources: Sources) -> Iterator[Question]:
    """Yield what nobody knows: of facts, of corrections, and of what an API answers in a situation."""
    api = sources.api
    for fact in api.facts.facts:
        requests = fact["requests"]
        if fact["mark"] == _CHOSEN or any(one.get("chosen") for one in requests):
            sent = page_code(SpecText(str(requests[-1]["send"])))
            done = f"the sandbox answers {sent} with {page_code(str(requests[-1]['status']))}"
            yield Question(page_text(SpecText(fact["fact"])), done)
    for version in api.versions:
        corrections = [one for resource in version.resources for one in resource.corrections]
        for correction in (*corrections, *version.corrections):
            if _CHOSEN in map(raw, correction.sources):
                location = correction.location
                place = page_code(sources.place(location.path, location.line))
                yield Question(page_text(correction.description), place)
    situations: dict[SpecText, str] = {}
    for version in reversed(api.versions):
        for resource in version.resources:
            for operation in resource.operations:
                fields = dict(operation.sandbox.fields) if operation.sandbox is not None else {}
                answers = fields.get(SpecText("answers"))
                for name, answer in answers.fields if isinstance(answers, ObjectValue) else ():
                    said = dict(answer.fields) if isinstance(answer, ObjectValue) else {}
                    if said.get(SpecText("chosen")) is True:
                        page = operation_page(version, resource, operation)
                        situations.setdefault(name, f"[{page_text(resource.title)}]({page})")
    for name, link in situations.items():
        text = f"The words of the answer in the situation {page_code(name)}"
        yield Question(text, f"words of ours, such as at {link}")
