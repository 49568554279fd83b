"""Documents made from our own specs come back as these specs, byte for byte.

Specs that somebody wrote by hand need not be in the house style: they are before they are imported again.
"""

from __future__ import annotations

import shutil
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from upsertgen.importing.house_yaml import house_yaml

from tests.endpoints import published
from tests.importing.publishing import TEXT, collection, load, write
from tests.importing.running import accepted, imported, plan, spec
from tests.inventory import LABELS, NEWEST, SPECS

NEXT = "2999-01"
"""A version that comes after all others."""


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(SPECS, tmp_path / "specs"))
    for label in LABELS:
        for path in (folder / label).iterdir():
            path.write_text(house_yaml(load(SPECS / label / path.name)), "utf-8")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("version", LABELS)
def test_a_version_comes_back_as_it_is(version: str, specs: Path, tmp_path: Path) -> None:
    before = contents(specs / version)
    source = write(tmp_path / "source", collection(version))
    imported(source, specs, version, base=version)
    assert contents(specs / version) == before


def test_a_version_comes_back_even_if_it_was_not_there(specs: Path, tmp_path: Path) -> None:
    before = contents(specs / NEWEST)
    # All texts are there to be carried over, from a version with paths of another shape.
    (specs / "v0").mkdir()
    for path in (specs / NEWEST).iterdir():
        text = path.read_text("utf-8").replace(f"/objects/{NEWEST}/", "/v0/objects/")
        (specs / "v0" / path.name).write_text(text.replace(NEWEST, "v0"), "utf-8")
    shutil.rmtree(specs / NEWEST)
    source = write(tmp_path / "source", collection(NEWEST))
    imported(source, specs, NEWEST, base="v0", proven=False)
    assert contents(specs / NEWEST) == before
    accepted(specs)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A collection of a version that comes after those that are there."""
    files = {
        path.replace(NEWEST, NEXT): text.replace(NEWEST, NEXT)
        for path, text in collection(NEWEST, rollout=500).items()
    }
    return write(tmp_path / "source", files)


def test_a_new_version_is_understood_with_the_overlays(specs: Path, newer: Path) -> None:
    imported(newer, specs, NEXT, base=NEWEST)
    versions = {version.label.raw: version for version in accepted(specs).versions}
    assert [one.name for one in versions[NEXT].resources] == [
        one.name for one in versions[NEWEST].resources
    ]
    assert all(
        operation.upsert is not None
        for resource in versions[NEXT].resources
        for operation in resource.operations
    )
    for path in (specs / NEXT).iterdir():
        text = path.read_text("utf-8").replace(NEXT, NEWEST)
        assert text == (specs / NEWEST / path.name).read_text("utf-8")


def test_a_second_import_changes_nothing(specs: Path, newer: Path) -> None:
    imported(newer, specs, NEXT, base=NEWEST, proven=False)
    again = plan(newer, specs, NEXT, base=NEWEST, today="2027-01-01")
    assert again.changes == ()
    assert again.differences == ()
    without_base = plan(newer, specs, NEXT, today="2027-01-01")
    assert without_base.changes == ()


def test_no_published_text_gets_into_the_specs(specs: Path, newer: Path) -> None:
    shutil.rmtree(specs / "overlays")
    imported(newer, specs, NEXT, proven=False)
    for path in (specs / NEXT).iterdir():
        assert TEXT not in path.read_text("utf-8")
        assert "example" not in path.read_text("utf-8")


def test_published_texts_are_kept_on_demand(specs: Path, newer: Path) -> None:
    imported(newer, specs, NEXT, base=NEWEST, keep_texts=True, proven=False)
    assert TEXT in (specs / NEXT / "contacts.yaml").read_text("utf-8")
    # What was kept then is no text of ours, and goes when texts are dropped.
    imported(newer, specs, NEXT, base=NEWEST, proven=False)
    for path in (specs / NEXT).iterdir():
        assert TEXT not in path.read_text("utf-8")


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
    assert house_yaml(load(path)) == path.read_text("utf-8")
