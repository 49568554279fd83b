"""Documents made from our own specs come back as these specs, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from upsertgen.importing.house_yaml import house_yaml

from tests.importing.publishing import SPECS, TEXT, collection, load, write
from tests.importing.running import accepted, imported, plan, spec


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SPECS, tmp_path / "specs"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("version", ["v3", "2025-09", "2026-03"])
def test_a_version_comes_back_as_it_is(version: str, specs: Path, tmp_path: Path) -> None:
    before = contents(specs / version)
    source = write(tmp_path / "source", collection(version))
    imported(source, specs, version, base=version)
    assert contents(specs / version) == before


def test_a_version_comes_back_even_if_it_was_not_there(specs: Path, tmp_path: Path) -> None:
    # 2026-03 has the shape of v3, so all its texts are there to be carried over.
    before = contents(specs / "2026-03")
    shutil.rmtree(specs / "2026-03")
    source = write(tmp_path / "source", collection("2026-03"))
    imported(source, specs, "2026-03", base="v3", proven=False)
    assert contents(specs / "2026-03") == before
    accepted(specs)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A collection of a version that comes after those that are there."""
    files = {
        path.replace("2026-03", "2026-09"): text.replace("2026-03", "2026-09")
        for path, text in collection("2026-03", rollout=500).items()
    }
    return write(tmp_path / "source", files)


def test_a_new_version_is_understood_with_the_overlays(specs: Path, newer: Path) -> None:
    imported(newer, specs, "2026-09", base="2026-03")
    versions = {version.label.raw: version for version in accepted(specs).versions}
    assert [one.name for one in versions["2026-09"].resources] == [
        one.name for one in versions["2026-03"].resources
    ]
    assert all(
        operation.upsert is not None
        for resource in versions["2026-09"].resources
        for operation in resource.operations
    )
    for path in (specs / "2026-09").iterdir():
        text = path.read_text("utf-8").replace("2026-09", "2026-03")
        assert text == (specs / "2026-03" / path.name).read_text("utf-8")


def test_a_second_import_changes_nothing(specs: Path, newer: Path) -> None:
    imported(newer, specs, "2026-09", base="2026-03", proven=False)
    again = plan(newer, specs, "2026-09", base="2026-03", today="2027-01-01")
    assert again.changes == ()
    assert again.differences == ()
    without_base = plan(newer, specs, "2026-09", today="2027-01-01")
    assert without_base.changes == ()


def test_no_published_text_gets_into_the_specs(specs: Path, newer: Path) -> None:
    shutil.rmtree(specs / "overlays")
    imported(newer, specs, "2026-09", proven=False)
    for path in (specs / "2026-09").iterdir():
        assert TEXT not in path.read_text("utf-8")
        assert "example" not in path.read_text("utf-8")


def test_published_texts_are_kept_on_demand(specs: Path, newer: Path) -> None:
    imported(newer, specs, "2026-09", base="2026-03", keep_texts=True, proven=False)
    assert TEXT in (specs / "2026-09" / "contacts.yaml").read_text("utf-8")
    # What was kept then is no text of ours, and goes when texts are dropped.
    imported(newer, specs, "2026-09", base="2026-03", proven=False)
    for path in (specs / "2026-09").iterdir():
        assert TEXT not in path.read_text("utf-8")


def test_a_single_document_finds_the_shared_schemas(
    specs: Path, tmp_path: Path, newer: Path
) -> None:
    """Corrections name the shared file, so a document that comes alone has to use it as well."""
    source = newer / "CRM/Contacts/Rollouts/500/2026-09/contacts.json"
    imported(source, specs, "2026-09", base="2026-03", proven=False)
    (version,) = (one for one in accepted(specs).versions if one.label.raw == "2026-09")
    assert version.resources[0].operations[0].upsert is not None
    source = newer / "CRM/Deals/Rollouts/500/2026-09/deals.json"
    imported(source, specs, "2026-09", base="2026-03")
    assert {path.stem for path in (specs / "2026-09").iterdir()} == {"contacts", "deals", "schemas"}
    schemes = spec(specs, "schemas", "2026-09")["components"]["securitySchemes"]
    assert list(schemes["oauth2"]["flows"]["authorizationCode"]["scopes"]) == [
        "crm.objects.contacts.write",
        "crm.objects.deals.write",
    ]


@pytest.mark.parametrize("path", sorted(SPECS.glob("[v2]*/*.yaml")), ids=lambda path: path.name)
def test_the_house_style_is_that_of_the_files(path: Path) -> None:
    text = path.read_text("utf-8")
    assert house_yaml(load(path)) == text
