"""The reference of the extensions: every word, with an example that is valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from upsertgen.ir.extensions import SCHEMAS
from upsertgen.json_schemas.reference import examples, reference

from tests.command_line import upsertgen
from tests.importing.published_documents import ROOT


def classes(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every class of a schema with the schemas of its words."""
    if isinstance(schema, list):
        for one in schema:
            yield from classes(one)
    elif isinstance(schema, dict):
        if "properties" in schema and schema.get("title"):
            yield schema["title"], schema["properties"]
        for one in schema.values():
            yield from classes(one)


WORDS = {
    (title, word): schema
    for _, extension in sorted(SCHEMAS.items())
    for title, words in classes(extension)
    for word, schema in words.items()
}


@pytest.mark.parametrize(("title", "word"), sorted(WORDS))
def test_every_word_has_an_example_that_is_valid(title: str, word: str) -> None:
    jsonschema_rs.validator_for(WORDS[title, word]).validate(examples()[title][word])
    assert f"| `{word}` |" in reference()


def test_no_example_is_of_a_word_that_is_gone() -> None:
    assert {(title, word) for title, words in examples().items() for word in words} == {*WORDS}


def test_every_word_says_what_it_means() -> None:
    rows = [row for row in reference().splitlines() if row.startswith("| `")]
    assert rows
    assert not [row for row in rows if not row.split(" | ")[3].strip()]


def test_the_page_of_this_project_is_up_to_date() -> None:
    assert upsertgen("reference").out == (ROOT / "generator/EXTENSIONS.md").read_text("utf-8")
