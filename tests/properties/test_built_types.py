"""Wheels and sdists of projects that ship types of their properties, fresh from the files of these."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command_line import write_files
from tests.downstream_project import (
    PYPROJECT,
    SETTINGS,
    hatchling,
    hatchling_fails,
    in_sdist,
    in_wheel,
    project,
)

PROPERTIES: Mapping[str, str] = {
    "properties/contacts.yaml": '{"object_type": "contacts", "properties": {"phone": {}}}',
    "src/people_app/__init__.py": "from people_app.crm_types import Contacts\n",
    ".gitignore": "crm_types.py\n",
    "pyproject.toml": PYPROJECT.replace('["people_app"]', '["src/people_app"]')
    + "[tool.upsertgen.properties]\n"
    'files = ["properties/*.yaml"]\noutput = "src/people_app/crm_types.py"\n',
}


def test_types_of_properties_are_shipped_without_clients(tmp_path: Path) -> None:
    folder = write_files(tmp_path, PROPERTIES)
    said = hatchling(folder, "build_wheel") + hatchling(folder, "build_sdist")
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    module = (folder / "src/people_app/crm_types.py").read_bytes()
    assert b"class Contacts(TypedDict" in module
    names = {name for name in in_wheel(wheel) if ".dist-info/" not in name}
    assert names == {"people_app/__init__.py", "people_app/crm_types.py"}
    assert in_wheel(wheel)["people_app/crm_types.py"] == module
    assert in_sdist(sdist)["src/people_app/crm_types.py"] == module
    data = tomllib.loads(in_sdist(sdist)["pyproject.toml"].decode())
    assert data["build-system"]["requires"] == ["hatchling"]
    assert data["tool"]["hatch"]["build"] == {
        "targets": {"wheel": {"packages": ["src/people_app"]}}
    }
    assert "depend" not in said


def test_types_of_properties_are_shipped_beside_clients(tmp_path: Path) -> None:
    text = PYPROJECT + SETTINGS + "[tool.upsertgen.properties]\n"
    text += 'files = ["properties"]\noutput = "people_app/crm_types.py"\n'
    properties = {"properties/contacts.yaml": PROPERTIES["properties/contacts.yaml"]}
    folder = project(tmp_path, {"pyproject.toml": text, **properties})
    hatchling(folder, "build_wheel")
    (wheel,) = (folder / "dist").glob("*.whl")
    assert {"people_app/crm_types.py", "people_client/v1/people.py"} <= in_wheel(wheel).keys()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"properties/contacts.yaml": '{"object_type": "contacts"}'},
            r"^\S*properties/contacts\.yaml:1:1: the document lacks the field 'properties'; ",
        ),
        (
            {"src/people_app/crm_types.py": "own = 1\n"},
            r"^\S*crm_types\.py:1:1: no run of 'upsertgen properties' has written this file; ",
        ),
        (
            {
                "pyproject.toml": PROPERTIES["pyproject.toml"].replace(
                    '"src/people_app/crm', '"../crm'
                )
            },
            r"^\S*pyproject\.toml:24:1: the module '/\S* is not in the project, and cannot be",
        ),
    ],
)
def test_what_is_wrong_with_properties_stops_the_build(
    tmp_path: Path, changes: Mapping[str, str], told: str
) -> None:
    folder = write_files(tmp_path / "project", {**PROPERTIES, **changes})
    said = hatchling_fails(folder, "wheel")
    assert re.search(told, said, re.MULTILINE), said
    assert "upsertgen: the types of properties cannot be generated" in said
    assert "Traceback" not in said
    assert not list((folder / "dist").glob("*"))
