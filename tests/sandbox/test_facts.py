"""What is known of the API holds in the sandbox, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hubspot_upsert.sandbox import Sandbox, facts
from hubspot_upsert.sandbox.__main__ import main

DECLARED, FACTS = facts.load_facts()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        for object_type, properties in DECLARED.items():
            sandbox.declare(object_type, **properties)
        yield sandbox


@pytest.mark.parametrize("fact", [pytest.param(one, id=one.statement) for one in FACTS])
def test_a_fact_holds(sandbox: Sandbox, fact: facts.Fact) -> None:
    assert facts.failure(fact, sandbox) is None


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"status": 418}, "answered with 200 instead of 418"),
        ({"holds": {"/results/0/new": 5}}, "/results/0/new is True instead of 5"),
        ({"holds": {"/results/7/new": True}}, "/results/7/new is None instead of True"),
        ({"says": "nothing of the kind"}, "'nothing of the kind' is not said"),
        ({"answers": {"X-None": "1"}}, "X-None is None instead of '1'"),
        ({"chosen": True}, "the log says that chosen is False"),
    ],
)
def test_a_fact_that_does_not_hold_says_why(
    sandbox: Sandbox, changed: dict[str, object], wrong: str
) -> None:
    fact = FACTS[0]
    request = fact.requests[0].model_copy(update=changed)
    failure = facts.failure(fact.model_copy(update={"requests": (request,)}), sandbox)
    assert failure is not None
    assert wrong in failure


@pytest.mark.parametrize(("status", "code", "word"), [(None, 0, "holds"), (418, 1, "FAILS")])
def test_the_command_prints_a_table(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int | None,
    code: int,
    word: str,
) -> None:
    fact = FACTS[0]
    request = fact.requests[0]
    if status is not None:
        request = request.model_copy(update={"status": status})
    shown = fact.model_copy(update={"requests": (request,)})
    monkeypatch.setattr(facts, "load_facts", lambda: ({}, (shown,)))
    # Handlers of signals would outlive the test.
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["sandbox", "--facts"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == code
    printed = capsys.readouterr().out.splitlines()[0]
    assert printed.split() == [word, fact.mark, *fact.statement.split()]
