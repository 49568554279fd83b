"""Hostile names, labels and options of properties: no text of a file becomes code, and none gets lost."""

from __future__ import annotations

import builtins
import json
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upsertgen.ir import property_files
from upsertgen.properties import PropertySettings, classes, plan_module, reader

from tests.command_line import upsertgen, write_files
from tests.hostile.corpus import ATTACKS, CORPUS

_LONGEST_KEY = 500
"""YAML takes keys in one line of up to 1,024 characters, as they are written."""


def is_unicode(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def checked(folder: Path, properties: dict[str, Any], *, escaped: bool = True) -> Any:
    """Make a module of properties, run it, and return it once it says what it has to.

    Args:
        folder: Where the files are written, the current folder.
        properties: The properties of contacts, as their file has them.
        escaped: Whether the file is plain ASCII.
    """
    data = {"object_type": "contacts", "account": "\\ \u2028", "properties": properties}
    text = json.dumps(data, ensure_ascii=escaped)
    write_files(folder, {"contacts.yaml": text.encode()})
    plan = plan_module(PropertySettings(("contacts.yaml",), Path("crm.py")))
    module: dict[str, Any] = {"__name__": "crm"}
    exec(compile(plan.after, "crm.py", "exec", dont_inherit=True), module)  # noqa: S102
    assert not hasattr(builtins, "pwned")
    assert [one.name for one in folder.iterdir()] == ["contacts.yaml"]
    assert module["WRITABLE"] == {"contacts": frozenset(properties)}
    hints = typing.get_type_hints(module["Contacts"])
    assert hints.keys() == properties.keys()
    for name, declared in properties.items():
        options = set(declared.get("options", ()))
        if name in module["Contacts"].__required_keys__:
            continue
        if 0 < len(options) <= 40 and options != {"true", "false"}:
            known = (typing.get_args(one) for one in typing.get_args(hints[name]))
            assert {option for each in known for option in each} == options | {""}
    return module


@pytest.fixture(autouse=True)
def current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_becomes_code(tmp_path: Path, attack: str) -> None:
    texts = [text for text in dict.fromkeys(ATTACKS[attack]) if is_unicode(text)]
    names = [text for text in texts if text and len(text) < _LONGEST_KEY]
    # In each place that a text can have: names, labels, options and their labels.
    properties: dict[str, Any] = {name: {"label": name} for name in names}
    for index, text in enumerate(texts):
        labels = {f"option_{index}": text}
        properties[f"label_{index}"] = {"label": text}
        properties[f"option_{index}"] = {"type": "enumeration", "options": [text]}
        properties[f"called_{index}"] = {"type": "enumeration", "options": labels}
    properties["options"] = {"type": "enumeration", "options": texts}
    checked(tmp_path, properties)


_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from([one for one in CORPUS if is_unicode(one) and len(one) < 100]),
    st.sampled_from(["str", "Literal", "Several", "None", "class", "__init__", "email", "x", "é"]),
)
_DECLARED = st.fixed_dictionaries(
    {},
    optional={
        "label": _TEXTS,
        "type": st.just("enumeration"),
        "unique": st.booleans(),
        "options": st.lists(_TEXTS, max_size=45, unique=True),
    },
).map(lambda one: {**one, "type": "enumeration"} if "options" in one else one)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(_TEXTS.filter(bool), _DECLARED, max_size=12), st.booleans())
def test_whatever_is_declared_can_be_typed(
    tmp_path: Path, properties: dict[str, Any], escaped: bool
) -> None:
    checked(tmp_path, properties, escaped=escaped)


@settings(max_examples=100, deadline=None)
@given(st.from_regex(property_files.OBJECT_TYPE, fullmatch=True))
def test_the_class_of_an_object_type_is_an_identifier(object_type: str) -> None:
    name = reader.class_name(object_type)
    assert name.isidentifier()
    assert name.isascii()


def test_what_is_not_as_meant_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "string_literal", lambda text: text.raw)
    declared = {"a": {"type": "enumeration", "options": ["open('pwned', 'w')"]}}
    data = {"object_type": "contacts", "properties": declared}
    write_files(tmp_path, {"contacts.yaml": json.dumps(data)})
    outcome = upsertgen("properties", "contacts.yaml", "--output", "crm.py")
    assert outcome.code == 2
    assert "crm.py is another program than from harmless texts, at line " in outcome.err
    assert [one.name for one in tmp_path.iterdir()] == ["contacts.yaml"]


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ud83dx\\ude00"])
def test_half_of_a_surrogate_pair_is_refused(tmp_path: Path, half: str) -> None:
    text = f'{{"object_type": "contacts", "properties": {{"a": {{"label": "{half}"}}}}}}'
    write_files(tmp_path, {"contacts.yaml": text})
    outcome = upsertgen("properties", "contacts.yaml", "--output", "crm.py")
    assert outcome.code == 2
    assert "contacts.yaml:1:" in outcome.problems[0]
    assert "invalid Unicode" in outcome.problems[0]


def test_no_text_gets_at_a_terminal(tmp_path: Path) -> None:
    for name in ("\x1b[2J", "\u202e"):
        data = {"object_type": "contacts", "properties": {name: {"label": name}}}
        write_files(tmp_path, {"contacts.yaml": json.dumps(data)})
        upsertgen("properties", "contacts.yaml", "--output", "crm.py")
    outcome = upsertgen(
        "properties", "contacts.yaml", "--output", "crm.py", "--key", "contacts=\x1b"
    )
    assert outcome.code == 2
    assert all(one.isprintable() for one in outcome.err.splitlines())
    write_files(tmp_path, {"contacts.yaml": '{"object_type": "contacts", "properties": {}}'})
    outcome = upsertgen("properties", "contacts.yaml", "--output", "crm.py", "--check")
    assert outcome.out == "crm.py: contacts.\\u202e: is gone\n"
