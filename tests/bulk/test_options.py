"""What a bulk upsert may be asked for: wrong options are refused by name, and help tells the right ones."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hubspot_upsert.v2026_03 import AsyncClient, Client
from hubspot_upsert.v2026_03.contacts import Contacts
from hubspot_upsert.v2026_03.custom_objects import CustomObjects
from hubspot_upsert.v2026_03.deal_splits import DealSplits
from package._bulk.setup import Options, RunPlan
from package._properties.texts import time_zone
from package.bulk import UpsertOptions
from upsertgen.emit.bulk_methods import BULK_PARAMETERS

from tests.bulk.contacts import OPERATION, PLAIN_ROLES, ROLES
from tests.bulk.server import ContactsServer, Upserter


class Unlocated(tzinfo):
    def utcoffset(self, _: object) -> None:
        return None

    tzname = dst = utcoffset


class Asked(Unlocated):
    def localize(self) -> None:
        """As the time zones of pytz have it."""


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"concurrency": "4"}, TypeError, "concurrency must be a whole number, and not '4'"),
        ({"concurrency": 2.5}, TypeError, "concurrency must be a whole number, and not 2.5"),
        ({"concurrency": True}, TypeError, "concurrency must be a whole number, and not True"),
        ({"concurrency": None}, TypeError, "concurrency must be a whole number, and not None"),
        ({"concurrency": 0}, ValueError, "concurrency must be at least 1"),
        ({"time_budget": "60"}, TypeError, "time_budget must be a number of seconds, or None"),
        ({"time_budget": float("nan")}, ValueError, "time_budget must be more than 0"),
        ({"journal": 7}, TypeError, "journal must be the path of a file, or None, and not 7"),
        ({"dry_run": "no"}, TypeError, "dry_run must be True or False, and not 'no'"),
        ({"only_failed": 1}, TypeError, "only_failed must be True or False, and not 1"),
        ({"limiter": 7}, TypeError, "limiter must be a RateLimiter, or None, and not 7"),
        ({"progress": 7}, TypeError, "progress must be a function, or None, and not 7"),
        (
            {"duplicates": "none"},
            ValueError,
            "one of 'error', 'first', 'last', 'merge', and not 'none'",
        ),
        ({"null": None}, ValueError, "null must be one of 'leave', 'clear', and not None"),
        ({"timezone": "Europe/Berlln"}, ValueError, "'Europe/Berlln' is not known here"),
        ({"timezone": "../etc"}, ValueError, "'../etc' is not known here"),
        ({"timezone": 2}, TypeError, "timezone must be the name of a time zone, a tzinfo, or None"),
        ({"timezone": Unlocated()}, ValueError, "give a zoneinfo.ZoneInfo, or its name"),
        ({"timezone": Asked()}, ValueError, "give a zoneinfo.ZoneInfo, or its name"),
        (
            {"concurency": 2},
            TypeError,
            r"upsert\(\) has no option 'concurency'; did you mean 'concurrency'",
        ),
        (
            {"batch": 2},
            TypeError,
            r"upsert\(\) has no option 'batch'; its options are duplicates, null,",
        ),
    ],
)
def test_wrong_options_are_refused_by_name(
    contacts_server: ContactsServer, given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    for manner in ("sync", "async"):
        with pytest.raises(kind, match=message):
            Upserter(manner, contacts_server).upsert([{"email": "ada@example.com"}], **given)
    assert not contacts_server.paths


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        (None, None),
        ("UTC", UTC),
        ("Europe/Berlin", ZoneInfo("Europe/Berlin")),
        (timezone(timedelta(hours=2)), timezone(timedelta(hours=2))),
    ],
)
def test_time_zones(given: str | tzinfo | None, zone: tzinfo | None) -> None:
    assert time_zone(given) == zone


def test_the_id_property_is_a_name() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="id_property must be the name of a property, and not 3"):
        RunPlan(OPERATION, ROLES, wrong)


def test_records_that_are_sent_as_they_are_have_null_already() -> None:
    with pytest.raises(ValueError, match="leave null out"):
        RunPlan(OPERATION, PLAIN_ROLES, None, Options(null="clear"))


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_help_lists_the_options(client: Any) -> None:
    contacts = client("token").contacts
    text = inspect.getdoc(contacts.upsert)
    assert text is not None
    for name in UpsertOptions.__annotations__:
        assert f"\n        {name}: " in text
    for value in ('"error"', '"first"', '"last"', '"merge"', '"leave"', '"clear"'):
        assert value in text


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("method", ["upsert", "iter_upsert"])
@pytest.mark.parametrize(
    ("object_type", "told"),
    [
        (
            "contacts",
            "found by `email`, `hs_additional_emails`, or by a property of the account's own",
        ),
        ("products", "found by `hs_sku`, or by a property of the account's own"),
        (
            "deals",
            "found by a property of the account's own whose values are unique: none is known",
        ),
    ],
)
def test_help_names_the_keys_of_an_object_type(
    client: Any, method: str, object_type: str, told: str
) -> None:
    text = inspect.getdoc(getattr(getattr(client("token"), object_type), method))
    assert text is not None
    assert " ".join(text.split()).count(told) == 1


def test_a_subclass_of_an_object_type_keeps_its_own_methods() -> None:
    class Own(Contacts):
        def upsert(self, *_: object, **__: object) -> Any:
            """Do it another way."""

    assert Own.upsert.__doc__ == "Do it another way."
    assert Own.iter_upsert is Contacts.iter_upsert


@pytest.mark.parametrize("kind", [CustomObjects, DealSplits])
def test_help_of_methods_with_other_arguments_names_the_options(kind: Any) -> None:
    text = inspect.getdoc(kind.upsert)
    assert text is not None
    assert set(UpsertOptions.__annotations__) <= set(re.findall(r"\w+", text))


def test_no_argument_of_a_path_is_called_like_an_option() -> None:
    assert set(UpsertOptions.__annotations__) <= BULK_PARAMETERS
