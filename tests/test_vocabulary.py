"""The table of the extensions and the classes of the runtime that its objects become say the same."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest
from package._properties import property as properties
from package._runtime import policy, roles
from package.sandbox import answers, contract
from upsertgen.emit.encode import record_literal
from upsertgen.ir import extensions, vocabulary
from upsertgen.ir.words import ErrorClass, words

_NO_WORD = {("Roles", "maximum")}
"""What is known from elsewhere: from `maxItems`."""
_NO_FIELD = {("Roles", "aliases"), ("ErrorPolicy", "defaults"), ("ErrorPolicy", "classes")}
"""What stands elsewhere: in a table of all object types, and among the rules."""


@pytest.mark.parametrize(
    ("name", "module"),
    [
        *(
            (name, roles)
            for name in (
                "Roles",
                "ErrorShape",
                "Systemic",
                "Choice",
                "PropertyListing",
                "ValueProblem",
                "ValueProblems",
                "PropertyRules",
                "PropertyQuery",
                "LimitUsage",
                "AccountQuery",
            )
        ),
        *((name, policy) for name in ("ErrorPolicy", "ErrorRule", "ErrorFields")),
        *((name, policy) for name in ("Backoff", "RateLimitHeaders")),
    ],
)
def test_each_word_is_a_field_of_the_runtime(name: str, module: Any) -> None:
    known = words(getattr(vocabulary, name))
    own = {one.name: one for one in fields(getattr(module, name))}
    kept = {key: one for key, one in own.items() if (name, key) not in _NO_WORD}
    said = {one.name for one in known if (name, one.name) not in _NO_FIELD}
    assert said == kept.keys()
    for one in (one for one in fields(getattr(vocabulary, name)) if one.name in said):
        # What says nothing is not emitted, so that there it has to mean the same.
        if one.default in (None, (), False):
            assert not kept[one.name].default
            assert kept[one.name].default is not MISSING


def test_only_what_is_empty_by_default_is_left_out() -> None:
    backoff = vocabulary.Backoff(initial=0.0, maximum=0.0)
    assert record_literal(backoff, "p") == "p.Backoff(initial=0.0, multiplier=2.0, maximum=0.0)"
    rule = vocabulary.ErrorRule((404,), ErrorClass("StatusError"))
    assert record_literal(rule, "p") == "p.ErrorRule(statuses=(404,), error=errors.StatusError)"


def test_the_sandbox_knows_the_words_of_its_extension() -> None:
    assert set(answers.DEFAULT_STATUSES) ^ set(extensions.SITUATIONS) == {
        # The first two are outcomes within an answer; the last is what no spec can say.
        "refused-input",
        "unknown-inputs",
        "no-upsert",
    }
    assert set(get_args(properties.ProblemKind)) == {
        one.name for one in fields(roles.ValueProblems)
    }
    assert properties.PROPERTY_TYPES == vocabulary.PROPERTY_TYPES
    known = {one.alias for one in contract.Behaviour.model_fields.values()}
    assert known == extensions.SANDBOX["properties"].keys()
    limits = {one.alias for one in contract.AccountLimits.model_fields.values()}
    assert limits == extensions.SANDBOX["properties"]["limits"]["properties"].keys()
