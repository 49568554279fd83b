"""Finding versions and object types, and what to say about names that there are not."""

from __future__ import annotations

from typing import Any

import pytest
from package._cli.choosing import choose, overview, path_arguments
from package._cli.problems import BadInput, listed, nearest
from package._cli.resources import Argument, Catalogue, Resource, Version

TYPED = Resource(arguments=(Argument("object_type", "The type of the objects."),))
CATALOGUE = Catalogue(
    program="example-upsert",
    versions={
        "v3": Version("v3", {"contacts": Resource(), "old_things": Resource()}),
        "2026-03": Version(
            "v2026_03",
            {
                "contacts": Resource(),
                "custom_objects": TYPED,
                "deal_splits": Resource(has_id_property=False),
            },
        ),
    },
)


def test_a_resource_is_found() -> None:
    choice = choose(CATALOGUE, "2026-03", "contacts")
    assert choice == (CATALOGUE.versions["2026-03"], "contacts", Resource())
    assert choose(CATALOGUE, "2026-03", "deal-splits").name == "deal_splits"


@pytest.mark.parametrize(
    ("label", "object_type", "message"),
    [
        (None, "contacts", "say which version of the API with --api-version: v3 or 2026-03"),
        ("2026-3", "contacts", "there is no version '2026-3' of the API; did you mean '2026-03'?"),
        ("x", "contacts", "there is no version 'x' of the API; there is v3 and 2026-03"),
        (
            "2026-03",
            "contact",
            "there is no object type 'contact' to upsert in the version 2026-03; did you mean "
            "'contacts'?; 'example-upsert --list' shows all",
        ),
        (
            "2026-03",
            "old-things",
            "there is no object type 'old-things' to upsert in the version 2026-03; there is in v3; "
            "'example-upsert --list' shows all",
        ),
        (
            "v3",
            "zzz",
            "there is no object type 'zzz' to upsert in the version v3; "
            "'example-upsert --list' shows all",
        ),
    ],
)
def test_names_that_there_are_not(label: str | None, object_type: str, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        choose(CATALOGUE, label, object_type)
    assert str(raised.value) == message


def test_arguments_of_the_path() -> None:
    choice = choose(CATALOGUE, "2026-03", "custom_objects")
    assert path_arguments(choice, ["object_type=2-7=x"]) == {"object_type": "2-7=x"}
    assert path_arguments(choice, ["object-type=2-7"]) == {"object_type": "2-7"}
    assert path_arguments(choose(CATALOGUE, "v3", "contacts"), []) == {}


@pytest.mark.parametrize(
    ("object_type", "texts", "message"),
    [
        (
            "custom_objects",
            [],
            "custom_objects needs --argument object_type=…: The type of the objects.",
        ),
        (
            "custom_objects",
            ["object_typ=2"],
            "custom_objects has no argument 'object_typ'; did you mean 'object_type'?",
        ),
        ("custom_objects", ["x=2"], "custom_objects has no argument 'x'; it has object_type"),
        ("custom_objects", ["object_type="], "--argument must be NAME=VALUE; got 'object_type='"),
        ("custom_objects", ["object_type"], "--argument must be NAME=VALUE; got 'object_type'"),
        ("contacts", ["x=2"], "contacts has no argument 'x'; it has none"),
    ],
)
def test_arguments_that_will_not_do(object_type: str, texts: Any, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        path_arguments(choose(CATALOGUE, "2026-03", object_type), texts)
    assert str(raised.value) == message


def test_an_overview() -> None:
    assert list(overview(CATALOGUE, None)) == [
        "v3  contacts",
        "v3  old_things",
        "2026-03  contacts",
        "2026-03  custom_objects  --argument object_type=…",
        "2026-03  deal_splits  (no --id-property)",
    ]
    assert list(overview(CATALOGUE, "v3")) == ["v3  contacts", "v3  old_things"]
    with pytest.raises(BadInput, match="there is no version 'v4' of the API; there is v3"):
        list(overview(CATALOGUE, "v4"))


def test_names_in_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert nearest("EMAIL", ["email", "e"]) == "; did you mean 'email'?"
    assert nearest("email", []) == ""
