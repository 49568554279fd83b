"""Whatever a document holds, it is imported into specs that are accepted, or refused with its problems."""

from __future__ import annotations

import copy
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from upsertgen.errors import InvalidInput
from upsertgen.specs.document import value_at

from tests.command_line import write_files
from tests.hostile.project import nodes
from tests.importing.documents import document, post, ref
from tests.importing.import_runs import accepted, plan
from tests.importing.published_documents import TEXT


def _document() -> Any:
    one = document(description=TEXT)
    post(one)["parameters"] = [{"$ref": "#/components/parameters/Size"}]
    post(one)["tags"] = ["Batch"]
    one["components"]["parameters"] = {
        "Size": {"name": "size", "in": "query", "schema": {"type": "integer", "example": None}}
    }
    one["components"]["schemas"]["Result"]["properties"] = {
        "state": {"type": "string", "enum": ["ON", "OFF"], "default": "ON", "description": TEXT},
        "either": {
            "oneOf": [ref("Input"), ref("Error")],
            "discriminator": {"propertyName": "kind", "mapping": {"a": "Input"}},
        },
        "joined": {"allOf": [ref("Input"), {"type": "object", "properties": {}}]},
        "values": {"type": "object", "additionalProperties": {"type": "array", "items": {}}},
    }
    return one


ONE = _document()
WAYS = [way for way, _ in nodes(ONE)]
JUNK = [
    *(None, [], {}, "x", "\x85 \n x", 1, -1.5, True, [1], [None], {"a": 1}, {"": None}, {"x-a": 1}),
    *({"$ref": "#"}, {"$ref": 1}, ref("Error"), [ref("Error")]),
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(WAYS), st.sampled_from(JUNK)), min_size=1, max_size=2),
    st.sampled_from(["3.0.1", "3.1.0"]),
    st.booleans(),
)
def test_any_document(changes: list[tuple[Any, Any]], openapi: str, keep_texts: bool) -> None:
    one = copy.deepcopy(ONE)
    one["openapi"] = openapi
    for way, junk in changes:
        _change(one, way, copy.deepcopy(junk))
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "Rollouts/1/v1/things.json": json.dumps(one),
            "Rollouts/1/v1/others.json": json.dumps(document("others")),
        }
        source, specs = write_files(Path(folder, "source"), files), Path(folder, "specs")
        try:
            done = plan(source, specs, keep_texts=keep_texts)
        except InvalidInput as error:
            assert error.problems
            for problem in error.problems:
                assert problem.location.path.startswith("source/Rollouts/1/v1/")
            return
        done.apply()
        accepted(specs)
        if not keep_texts:
            assert not any(TEXT in path.read_text("utf-8") for path in specs.rglob("*.yaml"))
        assert plan(source, specs, keep_texts=keep_texts).changes == ()
        assert plan(source, specs, keep_texts=keep_texts, base="v1").changes == ()


def _change(value: Any, way: tuple[Any, ...], junk: Any) -> None:
    """Replace a node, if an earlier change left it there."""
    with suppress(KeyError, IndexError, TypeError):
        value_at(value, way[:-1])[way[-1]] = junk
