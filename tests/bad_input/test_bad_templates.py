"""Templates of a user's own that are wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from upsertgen.emit import templates
from upsertgen.emit.templates import Templates

from tests.bad_input.project import CARET, PROJECT, carets
from tests.command_line import snapshot, upsertgen, write_files

_RESOURCE = "package/version/resource.py.jinja"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "package/version/resorce.py.jinja",
            "‸",
            "there is no template 'package/version/resorce.py.jinja' to replace; expected the path of one "
            "of upsertgen's templates below the templates folder; did you mean "
            "'package/version/resource.py.jinja'?",
        ),
        ("package/_runtime/retry.py", b"# caf\xe9", "this is not UTF-8"),
        (_RESOURCE, b"# caf\xe9", "this is not UTF-8"),
        (
            _RESOURCE,
            '"""Doc."""\n‸{% for x in view %}\n',
            "the template cannot be read: Unexpected end of template",
        ),
        (
            _RESOURCE,
            '"""Doc."""\n\n‸x = {{ nobody }}\n',
            "the template cannot be rendered: 'nobody' is undefined",
        ),
        (
            _RESOURCE,
            '"""Doc."""\n‸x = "{{ resource.title }}"\n',
            "text from a spec stands in a template without an encoder",
        ),
        (
            _RESOURCE,
            '"""Doc."""\n‸x = {{ "%s" | format(resource.title) }}\n',
            "text from a spec needs an encoder",
        ),
        (
            _RESOURCE,
            '"""Doc."""\n‸x = {{ "a" ~ resource.title }}\n',
            "text from a spec needs an encoder",
        ),
        (
            _RESOURCE,
            '"""Doc."""\n‸x = {{ 1 / 0 }}\n',
            "the template cannot be rendered: division by zero",
        ),
        (
            _RESOURCE,
            "‸x = (\n",
            "upsert_client/v1/contacts.py is no Python: ",
        ),
        (
            _RESOURCE,
            '‸"""Doc."""\n\nx = 1\n',
            "upsert_client/v1/contacts.py was to define",
        ),
    ],
)
def test_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | bytes, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    place = "1:1" if isinstance(text, bytes) else f"{carets(text)[0].partition(':')[0]}:1"
    source = text if isinstance(text, bytes) else text.replace(CARET, "")
    write_files(tmp_path, {**PROJECT, f"own/{name}": source})
    before = snapshot(tmp_path)
    outcome = upsertgen("generate", "--templates", "own", "--jobs", "1")
    assert outcome.code == 2
    assert len(outcome.problems) == 1, outcome.err
    assert outcome.problems[0].startswith(f"own/{name}:{place}: ")
    assert told in outcome.problems[0]
    assert snapshot(tmp_path) == before


def test_a_template_may_give_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours = Path(__file__).parents[2] / "templates" / _RESOURCE
    text = (
        ours.read_text("utf-8")
        + "\n\ndef more() -> str:\n    return {{ resource.title | string_literal }}\n"
    )
    write_files(tmp_path, {**PROJECT, f"own/{_RESOURCE}": text})
    outcome = upsertgen("generate", "--templates", "own", "--jobs", "1")
    assert outcome.code == 0, outcome.err
    written = (tmp_path / "generated/upsert_client/v1/contacts.py").read_text("utf-8")
    assert 'return "Contacts"' in written


def test_a_spoilt_compiled_template_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "_CODES", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(templates, "__file__", str(tmp_path / "templates.py"))
    rendered = Templates(None).render("package/sandbox/contract.json.jinja", {"contract": "{}"})
    (kept,) = (tmp_path / "__pycache__").iterdir()
    for spoilt in (b"", kept.read_bytes()[:-9]):
        kept.write_bytes(spoilt)
        templates._CODES.clear()
        again = Templates(None).render("package/sandbox/contract.json.jinja", {"contract": "{}"})
        assert again == rendered
