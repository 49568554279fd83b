"""What is answered if something is wrong, so that a client knows what it is."""

from __future__ import annotations

import pytest

from tests.sandbox.forms.conftest import Api
from tests.sandbox.forms.test_requests import item

ITEMS = {"items": [item("a")]}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("expired-token", 401, "STALE"),
        ("daily-limit", 429, "DAY"),
        ("rate-limit", 420, ""),
        ("forbidden", 403, ""),
        ("server;status=502", 502, ""),
    ],
)
def test_a_fault_is_told_as_rules_say(api: Api, fault: str, status: int, code: str) -> None:
    answer = api.ask("POST", "/nothing", ITEMS, headers={"Sandbox-Fault": fault})
    assert answer.status_code == status
    (told,) = answer.json()["errors"]
    assert told["code"] == code
    assert told["detail"] == f"The sandbox was asked for this fault: {fault}."


def test_a_delay_stands_in_the_header_and_unit_of_its_rule(api: Api) -> None:
    fault = {"Sandbox-Fault": "rate-limit;retry-after=1.5"}
    answer = api.ask("POST", "/nothing", ITEMS, headers=fault)
    assert answer.headers["X-Wait"] == "1500"
    assert "Retry-After" not in answer.headers
    locked = {"Sandbox-Fault": "locked;retry-after=1.5"}
    assert api.ask("POST", "/nothing", ITEMS, headers=locked).headers["Retry-After"] == "1.5"


def test_what_tells_nothing_of_records_has_no_results_to_miss(api: Api) -> None:
    fault = {"Sandbox-Fault": "missing-results"}
    for path in ("/nothing", "/pointed", "/paged_jobs"):
        assert "does not fit" in api.ask("POST", path, ITEMS, headers=fault).text
