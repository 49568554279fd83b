"""Listings of properties as accounts give them, with every oddity that was seen, all of our own making."""

from __future__ import annotations

from typing import Any


def option(value: str, label: str | None = None, **more: Any) -> dict[str, Any]:
    """An option of a listing."""
    shown = {"label": value if label is None else label, "value": value}
    return {**shown, "displayOrder": -1, "hidden": False, **more}


def row(name: str, type_: str = "string", field: str = "text", **more: Any) -> dict[str, Any]:
    """A property of a listing; what is read-only, unique or has options says so."""
    metadata = {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyValue": more.pop("read_only", False),
    }
    return {
        "name": name,
        "label": name.replace("_", " ").title(),
        "type": type_,
        "fieldType": field,
        "description": "",
        "groupName": "information",
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "formField": True,
        "modificationMetadata": metadata,
        **more,
    }


_BUILT_IN: dict[str, Any] = {"hubspotDefined": True, "dataSensitivity": "non_sensitive"}
_DATED: dict[str, Any] = {
    "createdAt": "2020-01-01T00:00:00Z",
    "updatedAt": "2024-02-03T04:05:06.789Z",
}
_BY_A_PERSON: dict[str, Any] = {"createdUserId": "90210", "updatedUserId": "90211", **_DATED}

CONTACTS: list[dict[str, Any]] = [
    row("age__c", "number", "number", archived=False, label="Age (c)", **_BY_A_PERSON),
    row("annualrevenue", label="Annual Revenue", **_BUILT_IN, **_DATED),
    row("associatedcompanyid", "number", "number", externalOptions=True, **_BUILT_IN),
    row("birthday", "date", "date", description="The day, not the year.", **_BY_A_PERSON),
    row("class", "string", "textarea", **_BY_A_PERSON),
    row(
        "currentlyinworkflow",
        *("enumeration", "booleancheckbox"),
        read_only=True,
        options=[option("true", "--"), option("false", "False")],
        **_BUILT_IN,
    ),
    row("email", label="Email", hasUniqueValue=True, **_BUILT_IN, **_DATED),
    row("firstname", label="First Name", **_BUILT_IN, **_DATED),
    row(
        "hs_calculated_phone_number",
        *("string", "calculation_equation"),
        calculationFormula="x",
        **_BUILT_IN,
    ),
    row(
        "hs_email_hard_bounce_reason",
        options=[option("OTHER", "Other"), option("SPAM", "Spam")],
        label="Email hard bounce reason",
        read_only=True,
        **_BUILT_IN,
    ),
    row(
        "hs_email_hard_bounce_reason_enum",
        *("enumeration", "select"),
        options=[option("OTHER", "Other"), option("SPAM", "Spam")],
        label="Email hard bounce reason",
        read_only=True,
        **_BUILT_IN,
    ),
    row(
        "hs_emailconfirmationstatus",
        *("enumeration", "select"),
        options=[option("", "None"), option("Confirmation Pending")],
        **_BUILT_IN,
    ),
    row(
        "hs_keywords",
        *("enumeration", "checkbox"),
        options=[option(f"keyword-{number}", f"Keyword {number}") for number in range(1583)],
        **_BUILT_IN,
    ),
    row(
        "hs_legal_basis",
        *("enumeration", "checkbox"),
        options=[option("Legitimate interest \N{EN DASH} prospect/lead"), option("1000+")],
        **_BUILT_IN,
    ),
    row("hs_object_id", "number", "number", hasUniqueValue=True, read_only=True, **_BUILT_IN),
    row("hs_persona", "enumeration", "radio", **_BUILT_IN),
    row("hs_place", "object_coordinates", "text", read_only=True, **_BUILT_IN),
    row(
        "hs_sa_first_engagement_descr",
        *("enumeration", "select"),
        options=[option("CALL", "Call", hidden=True, description=""), option("NOTE", "Note")],
        **_BUILT_IN,
    ),
    row("hs_scheduled_tasks", "json", "text", read_only=True, **_BUILT_IN),
    row(
        "hs_unique_creation_key",
        hasUniqueValue=True,
        read_only=True,
        **_BUILT_IN,
    ),
    row(
        "hs_v2_cumulative_time_in_opportunity_0001_with_a_stage_of_a_name_that_is_as_long_as_it_may_be_here",
        *("number", "calculation_read_time"),
        label='Cumulative time in "Opportunity (Pipeline | of *stages*)"',
        calculated=True,
        read_only=True,
        dateDisplayHint="time_since",
        **_BUILT_IN,
    ),
    row("hubspot_owner_id", "enumeration", "select", externalOptions=True, **_BUILT_IN),
    row("lastname", label="Last Name", **_BUILT_IN, **_DATED),
    row(
        "lifecyclestage",
        *("enumeration", "radio"),
        externalOptions=True,
        options=[option("lead", "Lead"), option("customer", "Customer"), option("51439524", "VIP")],
        **_BUILT_IN,
    ),
    row("mobilephone", "phone_number", "phonenumber", label="Mobile Phone Number", **_BUILT_IN),
    row("n1099", label="1099", **_BY_A_PERSON),
    row("nothing", "string", "", **_BY_A_PERSON),
    row("phone", "string", "phonenumber", label="Phone Number", **_BUILT_IN, **_DATED),
    row("seen_at", "datetime", "date", **_BY_A_PERSON),
    row("seen_first_at", "datetime", "text", **_BUILT_IN),
    row(
        "vip",
        *("bool", "booleancheckbox"),
        options=[option("true", "Yes"), option("false", "No")],
        **_BY_A_PERSON,
    ),
]
"""The contacts of an account, in the order of names, as the listing gives them."""


def listing(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A listing of properties."""
    return {"results": rows}
