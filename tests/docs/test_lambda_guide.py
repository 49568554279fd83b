"""The guide about Lambda: followed, and its function called in the situations that it talks about."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hubspot_upsert.sandbox import Options, Sandbox

from tests.docs.guides import GUIDES, File, follow, steps
from tests.servers import kept_port

TEXT = (GUIDES / "lambda.md").read_text("utf-8")
FILES = {step.name: step.text for step in steps(TEXT) if isinstance(step, File)}
TOKEN = "pat-of-the-function"

Handler = Callable[..., list[str]]


class Context:
    def __init__(self, seconds: float) -> None:
        self.get_remaining_time_in_millis = lambda: seconds * 1000


def test_the_guide_leads_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "reader").mkdir()
    with kept_port() as port:
        follow(TEXT, tmp_path / "reader", {"8090": port})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Options(tokens={TOKEN: None})) as sandbox:
        yield sandbox


@pytest.fixture
def handle(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handler]:
    """The function, loaded as an instance of Lambda does; gives the ids of the messages that stay."""
    path = tmp_path / "contacts.py"
    path.write_text(FILES["contacts.py"].replace("http://127.0.0.1:8090", sandbox.url), "utf-8")
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    spec = importlib.util.spec_from_file_location("contacts_of_the_guide", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)

    def handle(event: dict[str, Any], seconds: float = 300) -> list[str]:
        answer = json.loads(json.dumps(module.handler(event, Context(seconds))))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    with module.client:
        yield handle


def event(*contacts: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{number}", "body": json.dumps(contact)}
            for number, contact in enumerate(contacts)
        ]
    }


def contact(number: int, name: str = "Ada") -> dict[str, str]:
    return {"email": f"{number}@example.com", "firstname": name}


def test_messages_that_are_written_are_gone_and_the_others_stay(
    handle: Handler, sandbox: Sandbox
) -> None:
    contacts = [contact(number) for number in range(250)]
    contacts[7]["email"] = contacts[200]["email"] = "no address"
    assert handle(event(*contacts)) == ["m-7", "m-200"]
    assert sandbox.count("contacts") == 248
    # They come again, to the same instance, as anything does that was delivered twice.
    assert handle(event(*contacts[:20])) == ["m-7"]
    assert sandbox.count("contacts") == 248


def test_of_two_messages_of_one_key_the_later_one_counts(handle: Handler, sandbox: Sandbox) -> None:
    assert handle(event(contact(1, "Old"), contact(1, "New"))) == []
    (record,) = sandbox.records("contacts")
    assert record["properties"]["firstname"] == "New"


@pytest.mark.parametrize("fault", ["daily-limit", "forbidden"])
def test_what_was_not_sent_stays_in_the_queue(
    handle: Handler, sandbox: Sandbox, fault: str
) -> None:
    sandbox.fail(fault, times=100)
    assert handle(event(contact(1), contact(2))) == ["m-0", "m-1"]
    sandbox.reset()
    assert handle(event(contact(1), contact(2))) == []
    assert sandbox.count("contacts") == 2


def test_a_function_ends_before_its_time_is_over(handle: Handler, sandbox: Sandbox) -> None:
    # Each is to be sent again later than in the second that is left for the load.
    sandbox.fail("rate-limit", times=100)
    assert handle(event(contact(1), contact(2)), 6) == ["m-0", "m-1"]
    assert sandbox.count("contacts") == 0


def test_a_token_that_was_rotated_needs_no_new_instance(
    handle: Handler, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", "another")
    assert handle(event(contact(1))) == ["m-0"]
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    assert handle(event(contact(1))) == []


def test_the_settings_of_the_template_fit_each_other() -> None:
    resources = yaml.safe_load(FILES["template.yaml"])["Resources"]
    function, queue = resources["Load"]["Properties"], resources["Contacts"]["Properties"]
    module, _, name = function["Handler"].partition(".")
    assert f"def {name}(event, context):" in FILES[f"{module}.py"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    source = function["Events"]["Queue"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"]["MaximumConcurrency"] <= function["ReservedConcurrentExecutions"]
    (made,) = [line for line in FILES["contacts.py"].splitlines() if "time_budget=20" in line]
    assert "timeout=10" in made
    assert function["Timeout"] > 20 + 5
