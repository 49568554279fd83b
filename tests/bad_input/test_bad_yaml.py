"""Spec files that are no YAML, or YAML that is not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bad_input.cases import CONTACTS, SCHEMAS, Case, broken, several, whole

_NOT_YAML = [
    broken(
        "a tab as indentation",
        CONTACTS,
        "  title: Contacts",
        "‸\ttitle: Contacts",
        "this is not YAML: a tab stands where spaces are needed",
        "indent with spaces",
    ),
    broken(
        "quotes that are not closed",
        SCHEMAS,
        "title: Shared schemas",
        "title: ‸'Shared schemas",
        "the quotes are not closed",
        "close them",
    ),
    several(
        "quotes that the next ones close",
        ("did not find expected key", "maybe the quotes that open in line 3 are not closed"),
        changes=(
            (CONTACTS, "title: Contacts", 'title: "Contacts'),
            (
                CONTACTS,
                '"schemas.yaml#/components/schemas/Batch"',
                '"‸schemas.yaml#/components/Batch"',
            ),
        ),
    ),
    broken(
        "a colon in plain text",
        CONTACTS,
        "title: Contacts",
        "title: Contacts‸: all of them",
        "a second ': ' in one line",
        "put text with ': ' in quotes",
    ),
    broken(
        "a character that begins nothing",
        CONTACTS,
        "title: Contacts",
        "title: ‸@contacts",
        "no plain text begins with '@'",
        "put the text in quotes",
    ),
    broken(
        "an escape that is none",
        CONTACTS,
        "title: Contacts",
        'title: "a‸\\qb"',
        "unknown escape character",
        "use single quotes",
    ),
    broken(
        "an alias without an anchor",
        CONTACTS,
        "title: Contacts",
        "title: ‸*title",
        "found undefined alias",
        "correct the syntax",
    ),
    whole(
        "bytes that are not UTF-8",
        CONTACTS,
        b"openapi: 3.0.3\ninfo: {title: caf\xe9}\n",
        "the byte 0xE9 is not UTF-8",
        "save the file as UTF-8",
        at="2:18",
    ),
    whole(
        "UTF-16",
        CONTACTS,
        "openapi: 3.0.3\n".encode("utf-16"),
        "is not UTF-8",
        at="1:1",
    ),
    broken(
        "a control character",
        CONTACTS,
        "title: Contacts",
        "title: Ü‸\x07",
        "the control character U+0007",
        "remove the character",
    ),
    whole("an empty file", CONTACTS, "‸", "the document is empty", "begin with 'openapi: 3.0.3'"),
    whole("only a comment", CONTACTS, "‸# nothing\n", "the document is empty"),
    whole("a list", CONTACTS, "‸- openapi: 3.0.3\n", "the document is a list", "a mapping"),
    whole("a scalar", CONTACTS, "‸openapi\n", "the document is a scalar", "a mapping"),
    whole(
        "two documents",
        CONTACTS,
        "openapi: 3.0.3\n‸---\nopenapi: 3.0.3\n",
        "a second document begins",
        "put each document into a file of its own",
    ),
    whole(
        "nested too deeply",
        CONTACTS,
        "openapi: " + "[" * 98 + "‸" + "[" * 200_000 + "]" * 200_099,
        "it is nested more than 100 levels deep",
    ),
]

_NOT_READ = [
    broken(
        "an unknown tag",
        CONTACTS,
        "title: Contacts",
        "title: ‸!secret Contacts",
        "the tag '!secret' is not read",
        "plain YAML",
    ),
    broken(
        "a tag of YAML 1.1",
        CONTACTS,
        "title: Contacts",
        "title: ‸!!binary Q29udGFjdHM=",
        "the tag '!!binary' is not read",
    ),
    broken(
        "a merge key",
        CONTACTS,
        "  title: Contacts",
        "  ‸<<: {title: Contacts}\n  title: Contacts",
        "the merge key '<<' is no part of YAML 1.2",
        "write the fields out",
    ),
    broken(
        "an alias cycle",
        CONTACTS,
        "  version: v1\n",
        "  version: v1\n  x-more: ‸&more\n    again: [*more]\n",
        "an alias refers to a node that contains it",
        "use $ref",
    ),
    broken(
        "a key that is a list",
        CONTACTS,
        "  version: v1\n",
        "  version: v1\n  ? ‸[a, b]\n  : c\n",
        "a key is a list or a mapping",
        "write the key as text",
    ),
    broken(
        "a key that stands twice",
        CONTACTS,
        "  version: v1\n",
        "  version: v1\n  ‸title: Again\n",
        "the key 'title' stands twice in this mapping, first in line 3",
        "remove or rename one of them",
    ),
    broken(
        "a number that is too large",
        CONTACTS,
        "  version: v1\n",
        "  version: v1\n  x-number: ‸1e400\n",
        "the number '1e400' is too large",
    ),
    several(
        "several at once",
        ("stands twice",),
        ("stands twice",),
        ("is not read",),
        changes=(
            (CONTACTS, "  title: Contacts\n", "  title: Contacts\n  ‸title: Contacts\n"),
            (
                CONTACTS,
                "required: true\n          schema",
                "required: true\n          ‸in: a\n          schema",
            ),
            (CONTACTS, "name: X-Key", "name: ‸!!int 1"),
        ),
    ),
]


@pytest.mark.parametrize("case", [*_NOT_YAML, *_NOT_READ])
def test_yaml_that_cannot_be_read(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_aliases_that_repeat_without_end(check: Callable[[Case], None]) -> None:
    """Each line repeats the one before ten times; written out it would not fit into memory."""
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "‸openapi: 3.0.3\n" + "\n".join(lines)
    check(Case({CONTACTS: text}, (), (("aliases repeat more than",),), ()))
