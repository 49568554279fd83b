"""A report as a frame of pandas."""

from __future__ import annotations

import pandas
from hubspot_upsert.bulk import Outcome, Problem, Status, UpsertReport
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.v2026_03 import Client


def test_each_record_is_shown_with_its_outcome(sandbox: Sandbox) -> None:
    people = pandas.DataFrame({"email": ["a@x.example", "nobody", "b@x.example"]})
    with sandbox.client(Client) as client:
        report = client.contacts.upsert(people.to_dict("records"), id_property="email")
    shown = people.join(report.to_frame())
    assert list(shown["status"]) == ["created", "rejected", "created"]
    (bad,) = shown[shown["status"] == "rejected"].to_dict("records")
    assert (bad["email"], bad["property"], bad["code"]) == ("nobody", "email", "INVALID_EMAIL")
    assert "nobody" in bad["message"]
    assert shown["id"].isna().tolist() == [False, True, False]
    assert report.to_frame().groupby("code").size().to_dict() == {"INVALID_EMAIL": 1}


def test_what_is_missing_is_missing() -> None:
    problems = (Problem("email", "A", "one"), Problem("email", None, "two"))
    report = UpsertReport()
    report.add(Outcome(7, Status.REJECTED, {}, problems=problems, merged_into=3))
    report.add(Outcome(8, Status.UNKNOWN, {}, reason="no answer", warnings=({"code": "X"},)))
    frame = report.to_frame()
    assert frame.loc[7].dropna().to_dict() == {
        "status": "rejected",
        "property": "email",
        "code": "A",
        "message": "one; two",
        "merged_into": 3,
        "warnings": 0,
    }
    assert frame.loc[8].dropna().to_dict() == {
        "status": "unknown",
        "message": "no answer",
        "warnings": 1,
    }


def test_an_empty_report_has_the_same_columns() -> None:
    empty, one = UpsertReport(), UpsertReport(outcomes=[Outcome(0, Status.CREATED, {}, "1")])
    assert empty.to_frame().dtypes.to_dict() == one.to_frame().dtypes.to_dict()
    assert len(empty.to_frame()) == 0
