"""What each status of an answer means: what a call returns or raises, whether it is tried again, examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from upsertgen.diff.data_types import notation
from upsertgen.emit.encode import page_code, page_text, raw
from upsertgen.emit.made_values import NoValue, ValueMaker
from upsertgen.emit.readme import plain
from upsertgen.ir.tree import Api, Model, ObjectValue, Operation, Response, Value
from upsertgen.ir.vocabulary import ErrorPolicy, ErrorRule
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class Example:
    """The body of an answer that comes with a status; every text is ready to be emitted.

    Attributes:
        situations: When it comes, in a word each.
        body: The body as JSON data.
        is_made: Whether its values are made from their types.
    """

    situations: tuple[str, ...]
    body: object
    is_made: bool = False


@dataclass(frozen=True)
class Answer:
    """What a status means; every text is ready to be emitted.

    Attributes:
        status: The status, or several.
        when: What the answer has to say besides, for this meaning.
        outcome: What a call returns or raises.
        meaning: What that means.
        again: Whether the client tries the request again, and after how long.
        examples: What such answers look like.
        unknown: Situations in which nobody knows what the API says.
    """

    status: str
    when: str
    outcome: str
    meaning: str
    again: str
    examples: tuple[Example, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Situation:
    """A situation in which a stand-in answers with an error, as `x-sandbox` says.

    Attributes:
        name: What it is called.
        status: The status.
        chosen: Whether nobody knows what the API answers then, so that words or codes are made up.
        body: The body as JSON data.
    """

    name: SpecText
    status: int
    chosen: bool
    body: Mapping[str, object]


def answers_of(
    api: Api,
    operation: Operation,
    models: Mapping[str, Model],
    meanings: Mapping[str, str],
    link: Callable[[str], str | None],
) -> tuple[Answer, ...]:
    """Return what each status of an answer means, successes first.

    Args:
        api: What is emitted.
        operation: The operation.
        models: Every body, called as the version of the operation calls it.
        meanings: What each exception means, by its name.
        link: Given the name of an exception: the relative address of what is said of it, if anything is.
    """
    policy = api.policies[operation.policy]
    waiting = list(_situations(operation))
    made = ValueMaker(api.models, whole=True)
    failures: list[Answer] = []
    for rule in policy.rules:
        fitting = [one for one in waiting if _fits(rule, one)]
        waiting = [one for one in waiting if one not in fitting]
        name = str(rule.error)
        answer = _failure(rule, policy, (meanings.get(name, ""), link(name)), fitting)
        if not (answer.examples or answer.unknown or rule.when):
            declared = [one for one in operation.failures if one.status in map(str, rule.statuses)]
            found = (example for one in declared for example in _examples(one, made))
            answer = replace(answer, examples=tuple(found))
        failures.append(answer)
    return (*_successes(operation, models, made), *failures)


def _examples(response: Response, made: ValueMaker) -> Iterator[Example]:
    """Yield the examples of a response; one whose values are made up, where the spec has none."""
    for one in response.examples:
        yield Example((), plain(one))
    if not response.examples and response.type is not None:
        with suppress(NoValue):
            yield Example((), plain(made.value(response.type)), is_made=True)


def _successes(
    operation: Operation, models: Mapping[str, Model], made: ValueMaker
) -> Iterator[Answer]:
    for one in operation.responses:
        returned = "nothing" if one.type is None else page_code(notation(one.type, models))
        yield Answer(
            status=page_code(one.status),
            when="",
            outcome=f"returns {returned}",
            meaning=page_text(one.description),
            again="",
            examples=tuple(_examples(one, made)),
        )


def _failure(
    rule: ErrorRule,
    policy: ErrorPolicy,
    told: tuple[str, str | None],
    situations: list[_Situation],
) -> Answer:
    meaning, address = told
    error = page_code(str(rule.error))
    known = [one for one in situations if not one.chosen]
    bodies: list[Mapping[str, object]] = []
    for one in known:
        bodies += [one.body] if one.body not in bodies else []
    return Answer(
        status=", ".join(page_code(str(one)) for one in rule.statuses),
        when=condition(rule),
        outcome=f"raises {error if address is None else f'[{error}]({address})'}",
        meaning=page_text(meaning),
        again=again(rule, policy),
        examples=tuple(
            Example(tuple(page_code(one.name) for one in known if one.body == body), body)
            for body in bodies
        ),
        unknown=tuple(page_code(one.name) for one in situations if one.chosen),
    )


def condition(rule: ErrorRule) -> str:
    """Return what an answer has to say besides its status, ready to be emitted."""
    return " and ".join(
        f"{page_code(asked)} is {page_code(value)}" for _, asked, value in rule.conditions
    )


def again(rule: ErrorRule, policy: ErrorPolicy) -> str:
    """Return whether and when a request is tried again, in words of ours."""
    if rule.expired_token:
        return "once, with another token, where the client is given what fetches one"
    if not rule.retry:
        return "no"
    backoff = policy.backoff
    least = f"not before {rule.minimum_delay:g} s; " if rule.minimum_delay else ""
    header = "" if rule.delay_header is None else f" in {page_code(rule.delay_header)}"
    return (
        f"yes: {least}after as long as the answer says{header}, else {backoff.initial:g} s, "
        f"{backoff.multiplier:g} times as long each time, {backoff.maximum:g} s at most"
    )


def _situations(operation: Operation) -> Iterator[_Situation]:
    """Yield the situations for which `x-sandbox` names the body of an error."""
    fields = dict(operation.sandbox.fields) if operation.sandbox is not None else {}
    answers = fields.get(SpecText("answers"))
    for name, answer in answers.fields if isinstance(answers, ObjectValue) else ():
        said: dict[SpecText, Value] = dict(answer.fields) if isinstance(answer, ObjectValue) else {}
        status, body = said.get(SpecText("status")), said.get(SpecText("body"))
        if isinstance(status, int) and isinstance(body, ObjectValue):
            yield _Situation(name, status, said.get(SpecText("chosen")) is True, plain(body))


def _fits(rule: ErrorRule, situation: _Situation) -> bool:
    """Return whether an answer in a situation is what a rule asks for."""
    status = situation.status
    if status not in rule.statuses and f"{status // 100}XX" not in rule.statuses:
        return False
    for way, value in rule.when:
        found: object = situation.body
        for step in raw(way).split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found != raw(value):
            return False
    return True
