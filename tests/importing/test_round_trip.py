"""Documents made from our own specs come back as these specs, byte for byte.

Specs that somebody wrote by hand need not be in the house style: they are before they are imported again.
"""

from __future__ import annotations

import json
import shutil
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from upsertgen.importing.yaml_writer import house_yaml
from upsertgen.inputs import editor_comment

from tests.command_line import contents, write_files
from tests.endpoints import published
from tests.importing.import_runs import accepted, imported, plan, spec
from tests.importing.published_documents import TEXT, Document, collection, load
from tests.importing.published_documents import published as published_document
from tests.inventory import LABELS, NEWEST, OPERATIONS, SPECS

NEXT = "2999-01"
"""A version that comes after all others."""


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(SPECS, tmp_path / "specs"))
    for label in LABELS:
        for path in (folder / label).iterdir():
            text = house_yaml(load(SPECS / label / path.name), editor_comment("specs"))
            path.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("version", LABELS)
def test_a_version_comes_back_as_it_is(version: str, specs: Path, tmp_path: Path) -> None:
    before = contents(specs / version)
    source = write_files(tmp_path / "source", collection(version))
    imported(source, specs, version, base=version)
    assert contents(specs / version) == before


def test_a_version_comes_back_even_if_it_was_not_there(specs: Path, tmp_path: Path) -> None:
    before = contents(specs / NEWEST)
    # All texts are there to be carried over, from a version with paths of another shape.
    (specs / "v0").mkdir()
    for path in (specs / NEWEST).iterdir():
        text = path.read_text("utf-8")
        if "." not in path.stem:  # No document tells of these in which shape their paths are.
            text = text.replace(f"/objects/{NEWEST}/", "/v0/objects/")
        (specs / "v0" / path.name).write_text(text.replace(NEWEST, "v0"), "utf-8")
    shutil.rmtree(specs / NEWEST)
    source = write_files(tmp_path / "source", collection(NEWEST))
    imported(source, specs, NEWEST, base="v0", proven=False)
    assert contents(specs / NEWEST) == before
    accepted(specs)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All versions in one collection, with what publishers do to them.

    A newer rollout of contacts is older than it says and has no upsert, deals are published twice, and
    somebody tried the tool in a group of tests.
    """
    files: dict[str, str] = {}
    for label in LABELS:
        files |= collection(label)
        contacts, deals = (_document(label, name) for name in ("contacts", "deals"))
        files[f"CRM/Contacts/Rollouts/424/{label}/contacts.json"] = json.dumps(
            {**contacts, "paths": {"/other": {}}}
        )
        files[f"CRM/Sales/Rollouts/300/{label}/deals.json"] = json.dumps({**deals, "tags": []})
        files[f"CRM/Contact Tests/Rollouts/500/{label}/contacts.json"] = json.dumps(deals)
    return write_files(tmp_path_factory.mktemp("everything") / "source", files)


def _document(label: str, name: str) -> Document:
    return published_document(SPECS / label / f"{name}.yaml")


@pytest.mark.parametrize("version", LABELS)
def test_a_collection_of_all_versions_gives_every_operation_once(
    version: str, specs: Path, everything: Path
) -> None:
    before = contents(specs / version)
    done = imported(everything, specs, version, base=version, exclude=("*_tests",))
    assert contents(specs / version) == before
    upserts = {
        one.object_type
        for one in OPERATIONS
        if one.version == version and one.path.endswith("/batch/upsert")
    }
    assert [(one.name, len(one.operations)) for one in done.report.imported] == [
        (name, 1) for name in sorted(upserts)
    ]
    place = f"CRM/Contacts/Rollouts/{{}}/{version}/contacts.json"
    lacking, twice = done.report.passed_over
    assert lacking.startswith(f"{place.format(424)}: lacks POST ")
    assert lacking.endswith(f"kept from the older {place.format(400)}")
    assert twice.startswith(f"CRM/Sales/Rollouts/300/{version}/deals.json: has POST ")
    lines = [line.strip() for line in done.report.lines()]
    assert "1 document: excluded by '*_tests'" in lines
    for other in set(LABELS) - {version}:
        assert any(line.endswith(f": of the version {other}") for line in lines)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A collection of a version that comes after those that are there."""
    files = {
        path.replace(NEWEST, NEXT): text.replace(NEWEST, NEXT)
        for path, text in collection(NEWEST, rollout=500).items()
    }
    return write_files(tmp_path / "source", files)


def test_a_new_version_is_understood_with_the_overlays(specs: Path, newer: Path) -> None:
    imported(newer, specs, NEXT, base=NEWEST)
    versions = {version.label.raw: version for version in accepted(specs).versions}
    assert [one.name for one in versions[NEXT].resources] == [
        one.name for one in versions[NEWEST].resources
    ]
    said, as_before = (
        [
            (one.upsert, one.property_query, one.account_query)
            for resource in versions[label].resources
            for one in resource.operations
        ]
        for label in (NEXT, NEWEST)
    )
    assert said == as_before
    for path in (specs / NEXT).iterdir():
        text = path.read_text("utf-8").replace(NEXT, NEWEST)
        assert text == (specs / NEWEST / path.name).read_text("utf-8")


def test_published_texts_are_kept_on_demand(specs: Path, newer: Path) -> None:
    imported(newer, specs, NEXT, base=NEWEST, keep_texts=True, proven=False)
    assert TEXT in (specs / NEXT / "contacts.yaml").read_text("utf-8")
    # What was kept then is no text of ours, and goes when texts are dropped.
    imported(newer, specs, NEXT, base=NEWEST, proven=False)
    for path in (specs / NEXT).iterdir():
        assert TEXT not in path.read_text("utf-8")
        assert "example:" not in path.read_text("utf-8")
    again = plan(newer, specs, NEXT, today="2027-01-01")
    assert (again.changes, again.differences) == ((), ())


def test_a_single_document_finds_the_shared_schemas(
    specs: Path, tmp_path: Path, newer: Path
) -> None:
    """Corrections name the shared file, so a document that comes alone has to use it as well."""
    source = newer / f"CRM/Contacts/Rollouts/500/{NEXT}/contacts.json"
    imported(source, specs, NEXT, base=NEWEST, proven=False)
    (version,) = (one for one in accepted(specs).versions if one.label.raw == NEXT)
    assert version.resources[0].operations[0].upsert is not None
    imported(newer / f"CRM/Deals/Rollouts/500/{NEXT}/deals.json", specs, NEXT, base=NEWEST)
    assert {path.stem for path in (specs / NEXT).iterdir()} == {"contacts", "deals", "schemas"}
    schemes = spec(specs, "schemas", NEXT)["components"]["securitySchemes"]
    assert list(schemes["oauth2"]["flows"]["authorizationCode"]["scopes"]) == [
        "crm.objects.contacts.write",
        "crm.objects.deals.write",
    ]


@pytest.mark.parametrize(
    "path",
    sorted(
        SPECS / version / f"{name}.yaml"
        for version, names in groupby(published(), key=itemgetter(0))
        for name in ("schemas", *(object_type for _, object_type, _ in names))
    ),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_the_house_style_is_that_of_what_is_published(path: Path) -> None:
    assert house_yaml(load(path), editor_comment("specs")) == path.read_text("utf-8")
