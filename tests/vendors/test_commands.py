"""The command of each vendor's package loads a table, whose columns become what their fields are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vendors import profiles_service, vectors_service
from tests.vendors.crm_service import CrmService
from tests.vendors.profiles_service import ProfilesService
from tests.vendors.project import RESOURCES, Project
from tests.vendors.service import Service
from tests.vendors.vectors_service import VectorsService

Load = Callable[..., int]


@pytest.fixture
def load(
    project: Callable[[str], Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Load:
    """Loads the lines of a table with the command of a project; the rejected ones come to `rejects.csv`."""

    def run(name: str, service: Service, token: str, version: str, table: str, *more: str) -> int:
        monkeypatch.setenv("ACCESS_TOKEN", token)
        (tmp_path / "table.csv").write_text(table, "utf-8")
        files = (tmp_path / "table.csv", "--rejects", tmp_path / "rejects.csv")
        options = ("--base-url", service.url, "--api-version", version)
        arguments = [word for one in more for word in ("--argument", one)]
        return project(name).command(RESOURCES[name], *files, *options, *arguments)

    return run


def rejected(folder: Path) -> list[str]:
    """The first cell of each row that was rejected."""
    rows = (folder / "rejects.csv").read_text("utf-8").splitlines()[1:]
    return [row.partition(",")[0] for row in rows]


def test_vectors_become_lists_of_numbers(
    load: Load, vectors: VectorsService, tmp_path: Path
) -> None:
    table = """\
id,values,metadata.genre,metadata.year
b1,"[0.25, 1, -2]",crime,1934
b2,"[0.5, 0, 3.5]",,1801
b3,"[0.5, 0]",crime,1801
b4,nothing,crime,1801
"""
    key, version = vectors_service.KEY, vectors_service.VERSION
    assert load("vectors", vectors, key, version, table, "namespace=books") == 1
    # No schema tells that a year is a number.
    assert vectors.stored == {
        "books": {
            "b1": {"values": [0.25, 1, -2], "metadata": {"genre": "crime", "year": "1934"}},
            "b2": {"values": [0.5, 0, 3.5], "metadata": {"year": "1801"}},
        }
    }
    assert rejected(tmp_path) == ["b3", "b4"]


def test_fields_of_the_crm_become_what_they_are(
    load: Load, crm: CrmService, tmp_path: Path
) -> None:
    table = """\
Phone,Email,Last_Name,Annual_Revenue,Email_Opt_Out,Tags,Own__c
0100,ada@x.example,Lovelace,1.5,true,"[""new"", ""1815""]",7
0200,,Hopper,,,,
0300,nobody,Curie,2,false,,
0400,dora@x.example,Doe,much,,,
"""
    more = ("module=Leads", 'duplicate_check_fields=["Phone"]')
    assert load("crm", crm, crm.token(), "v8", table, *more) == 1
    assert sorted(crm.stored["Leads"].values(), key=lambda one: str(one["Phone"])) == [
        {
            "Phone": "0100",
            "Email": "ada@x.example",
            "Last_Name": "Lovelace",
            "Annual_Revenue": 1.5,
            "Email_Opt_Out": True,
            "Tags": ["new", "1815"],
            "Own__c": "7",
        },
        {"Phone": "0200", "Last_Name": "Hopper"},
    ]
    assert rejected(tmp_path) == ["0300", "0400"]


def test_profiles_have_fields_within_fields(
    load: Load, profiles: ProfilesService, tmp_path: Path
) -> None:
    table = """\
email,phone_number,first_name,location.city,location.latitude,properties.tier
ada@x.example,,Ada,London,51.5,gold
,+15550100,Grace,,,
nobody,,Bob,,,
carl@x.example,,Carl,,north,
"""
    key, version = profiles_service.KEY, profiles_service.REVISION
    assert load("profiles", profiles, key, version, table) == 1
    assert profiles.stored == {
        ("email", "ada@x.example"): {
            "email": "ada@x.example",
            "first_name": "Ada",
            "location": {"city": "London", "latitude": 51.5},
            "properties": {"tier": "gold"},
        },
        ("phone_number", "+15550100"): {"phone_number": "+15550100", "first_name": "Grace"},
    }
    assert rejected(tmp_path) == ["nobody", "carl@x.example"]
