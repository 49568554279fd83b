"""Whatever a spec is, it is emitted, imported and means what it says, or it is refused with a place."""

from __future__ import annotations

import copy
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from upsertgen.ir import understand
from upsertgen.limits import LIMITS
from upsertgen.specs import read
from upsertgen.specs.document import value_at
from upsertgen.specs.references import fragment_of

from tests.hostile.corpus import ATTACKS, CORPUS
from tests.hostile.emission import check_emitted, check_together, understood
from tests.hostile.placements import (
    POSITIONS,
    Placement,
    check,
    mixed,
    open_positions,
    sample,
)
from tests.hostile.project import WHOLE, Project, nodes
from tests.hostile.specs import projects

SPECS = Path(__file__).parent.parent.parent / "specs"
_PARTS = 8
_LONGEST_KEY = 500
_OPEN = 40
_MIXED = 8
# Another part of all there is in each revision; the same one when a revision is tested again.
_SEED = int(
    os.environ.get("HOSTILE_SEED", "") or zlib.crc32(os.environ.get("CI_COMMIT", "").encode())
)

# Together with the placements, the large ones are more than 2,000.
_USUAL, _LARGE = 15, 600

_REMOVED = object()
_VALUES = {
    "null": None,
    "text": "text",
    "number": 7,
    "fraction": -1.5,
    "whole fraction": 2.0,
    "huge number": 10**99,
    "flag": True,
    "list": [1],
    "empty list": [],
    "mapping": {"a": 1},
    "empty mapping": {},
    "reference to no text": {"$ref": 1},
    "reference to all": {"$ref": "#"},
    "nothing": _REMOVED,
}
# Each place is tried with one of the values, and in `make test-large` with all.
_SHARES = pytest.mark.parametrize(
    "share", [len(_VALUES), pytest.param(1, marks=pytest.mark.large)], ids="one in {}".format
)


def test_the_corpus_is_large_and_told() -> None:
    assert len(CORPUS) >= 200
    assert all(ATTACKS)


def test_real_specs_stay_far_below_the_bounds() -> None:
    """A factor of seven at least, so that no bound meets anybody who means well."""
    part = {
        name: getattr(LIMITS, name) // 7
        for name in ("files", "file", "total", "nodes", "updates", "text", "schemas", "steps")
    }
    with (
        mock.patch("upsertgen.limits.LIMITS", replace(LIMITS, **part)),
        mock.patch("upsertgen.spec_file.LIMITS", replace(LIMITS, **part)),
        mock.patch("upsertgen.inputs.LIMITS", replace(LIMITS, **part)),
        mock.patch("upsertgen.ir.reader.LIMITS", replace(LIMITS, **part)),
    ):
        assert understand(read(SPECS)).versions


def test_the_whole_project_is_accepted() -> None:
    assert check_emitted(WHOLE) == ""
    names = [position.name for position in POSITIONS]
    assert len(set(names)) == len(names)
    # What the issue names, found by the walk and not by a list.
    for part in (
        "title",
        "description",
        "summary",
        "operationId",
        "x-sandbox",
        "x-source",
        "target",
    ):
        assert any(part in name for name in names), part


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.large) for part in range(1, _PARTS))]
)
def test_every_position(part: int) -> None:
    """Each position gets a text, and each text a position; which ones rotates with the revision."""
    check(sample(_SEED, len(POSITIONS))[part::_PARTS], batch=40, all_pages=part > 0)


def test_names_and_options_of_standard_properties_are_data() -> None:
    texts = [one for one in CORPUS if len(one) < _LONGEST_KEY and one.isprintable() and one]
    project = WHOLE.copied()
    declared = {"unique": True, "type": "enumeration", "options": texts}
    project.files["properties/things.json"] = {
        "object_type": "things",
        "properties": dict.fromkeys(texts, declared),
    }
    assert check_emitted(project) == ""


@pytest.mark.large
@pytest.mark.parametrize("part", range(2))
def test_positions_that_take_any_text(part: int) -> None:
    open_ones = open_positions()
    chosen = [open_ones[one.places[0][0] % len(open_ones)] for one in sample(_SEED + 1, 2 * _OPEN)]
    texts = [one.places[0][1] for one in sample(_SEED + 2, 2 * _OPEN)]
    placements = [Placement((pair,)) for pair in zip(chosen, texts, strict=True)]
    accepted = check(placements[part::2], batch=40, all_pages=True)
    assert len(accepted) > _OPEN // 2
    check(mixed(_SEED, accepted, _MIXED), batch=20, all_pages=True)


def test_every_text_in_prose() -> None:
    """Every text at once, each in the description of a field of its own, and as a default and a name."""
    properties = {
        f"field{number}": {"type": "string", "description": text, "default": text}
        for number, text in enumerate(CORPUS)
        if len(text) < 1000 and not any("\ud800" <= one <= "\udfff" for one in text)
    }
    project = WHOLE.copied()
    schema = project.files["v1/shared.json"]["components"]["schemas"]["ResultSchema"]
    schema["properties"] |= properties
    schema["properties"] |= {
        one["default"]: {"type": "string", "enum": [one["default"], "another"]}
        for one in properties.values()
        if not one["default"].isascii() or not one["default"].isalnum()
    }
    assert check_emitted(project) == ""


def _variants(value: str, share: int) -> Iterator[tuple[str, Project]]:
    """Yield the whole project with one node replaced by the value of this name, for one in so many nodes."""
    first = list(_VALUES).index(value) % share
    places = [(path, way) for path, data in WHOLE.files.items() for way, _ in nodes(data)]
    for path, (*way, last) in places[first::share]:
        variant = WHOLE.copied()
        parent = value_at(variant.files[path], way)
        if _VALUES[value] is _REMOVED:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(_VALUES[value])
        yield f"{path}#/{'/'.join(map(str, (*way, last)))}", variant


@_SHARES
@pytest.mark.parametrize("value", _VALUES)
def test_any_value(value: str, share: int) -> None:
    """Whatever stands in a field of a spec or an overlay; what is understood is emitted, too."""
    accepted = {
        place: variant
        for place, variant in _variants(value, share)
        if understood(variant) is not None and not place.startswith("overlays/")
    }
    # Pages are made and proven, as in any run; texts are none that attack.
    check_together(accepted, pages=0)


def _newer(value: Any) -> Any:
    """Return a document as one of OpenAPI 3.1."""
    if isinstance(value, dict):
        value = {key: _newer(item) for key, item in value.items() if key != "nullable"}
        return value | {"openapi": "3.1.0"} if "openapi" in value else value
    return [_newer(item) for item in value] if isinstance(value, list) else value


@_SHARES
@pytest.mark.parametrize("value", _VALUES)
def test_any_value_in_openapi_3_1(value: str, share: int) -> None:
    assert understood(Project(_newer(WHOLE.files))) is not None
    for _, variant in _variants(value, share):
        understood(Project(_newer(variant.files)))


@_SHARES
@pytest.mark.parametrize("path", ["v1/things.json", "v1/shared.json"])
def test_any_reference(path: str, share: int) -> None:
    ways = [way for way, _ in nodes(WHOLE.files[path])]
    targets = [fragment_of(way) for way in ways if len(way) < 6]
    for number, way in enumerate(way for way in ways if way[-1] == "$ref"):
        for target in targets[number % share :: share]:
            variant = WHOLE.copied()
            value_at(variant.files[path], way[:-1])["$ref"] = target
            understood(variant)


_NUMBERS = (0, -1, 1, 2.0, 0.5, -2.5, 2**63 - 1, 2**63, 2**64, 10**99, 1e300, -(10**99), 1e-9)
_NUMERIC = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


@pytest.mark.parametrize("newer", [False, pytest.param(True, marks=pytest.mark.large)])
def test_any_bound(newer: bool) -> None:
    """Every bound at every kind of number: what is emitted can be imported, whatever is refused."""
    accepted: dict[str, Project] = {}
    for kind, keywords in _NUMERIC.items():
        for keyword in keywords:
            for number in _NUMBERS:
                is_exclusive = keyword.startswith("exclusive") and not newer
                bound = {keyword[9:].lower(): number} if is_exclusive else {keyword: number}
                schema: dict[str, Any] = {"type": kind, "items": {}, **bound}
                schema |= {keyword: True} if is_exclusive else {}
                variant = WHOLE.copied()
                shared = variant.files["v1/shared.json"]["components"]["schemas"]
                shared["InputSchema"]["properties"]["bounded"] = schema
                if newer:
                    variant = Project(_newer(variant.files))
                if understood(variant) is not None:
                    accepted[f"{kind}: {bound}"] = variant
    assert "integer: {'minimum': 0.5}" in accepted
    assert f"string: {{'maxLength': {2**63 - 1}}}" in accepted
    assert f"string: {{'maxLength': {2**63}}}" not in accepted
    # Pages are made and proven, as in any run; texts are none that attack.
    check_together(accepted, pages=0)


@pytest.mark.parametrize("examples", [_USUAL, pytest.param(_LARGE, marks=pytest.mark.large)])
def test_any_spec(examples: int) -> None:
    """Hypothesis makes one at a time; those that are understood are emitted together, as versions."""
    accepted: list[Project] = []

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(projects())
    def understand(project: Project) -> None:
        if understood(project) is not None:
            accepted.append(project)

    understand()
    assert len(accepted) > examples // 3
    check_together({json.dumps(one.files): one for one in accepted})
