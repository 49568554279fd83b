"""The proof sees whatever does not belong into an emitted file, wherever an encoder would have failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from upsertgen.emit import encode
from upsertgen.emit.proof import (
    Expectation,
    Twin,
    UnprovenFile,
    prove,
    prove_json,
    prove_toml,
)
from upsertgen.spec_text import SpecText

from tests.hostile.project import WHOLE, Project
from tests.hostile.running import check_emitted, emit

_TEXT = "x = 1\ndef f(a=2):\n    return a\n"
_DEFINED = frozenset(("assign x", "def f"))


@pytest.mark.parametrize(
    "text",
    [
        f"{_TEXT}import os\n",
        f"{_TEXT}from os import path\n",
        f"{_TEXT}print()\n",
        f"{_TEXT}x = 1\n",
        "x = 1\ndef f(a=print()):\n    return a\n",
        "x = 1\ndef f(a=3):\n    return a\n",
        "x = 1\n@print\ndef f(a=2):\n    return a\n",
        "x = 1\ndef f(a=2):\n    import os\n    return a\n",
        "x = 1\ndef f(a=2):\n    print()\n    return a\n",
        "x = print()\ndef f(a=2):\n    return a\n",
        "x = 1\nasync def f(a=2):\n    return a\n",
        f"# coding: utf-7\n{_TEXT}",
        f"\ufeff{_TEXT}",
        f"{_TEXT}\0",
        f"{_TEXT})",
        "x: int = 1\ndef f(a=2):\n    return a\n",
    ],
)
def test_another_program(text: str) -> None:
    prove("a.py", _TEXT, Expectation(_DEFINED, True, Twin(_TEXT, {})))
    with pytest.raises(UnprovenFile):
        prove("a.py", text, Expectation(_DEFINED, True, Twin(_TEXT, {})))


def test_another_text() -> None:
    twin = Twin('x = "harmless"\n', {"harmless": frozenset(["meant"])})
    prove("a.py", 'x = "meant"\n', Expectation(frozenset(["assign x"]), True, twin))
    with pytest.raises(UnprovenFile):
        prove("a.py", 'x = "other"\n', Expectation(frozenset(["assign x"]), True, twin))


@pytest.mark.parametrize(
    "text",
    [
        'class A:\n    x: str = "b"\n',
        'class A:\n    x: str = print("a")\n',
        'class A:\n    x: (lambda: "a") = 1\n',
        'class A:\n    x: os.path = "a"\n',
        'class A(print()):\n    x: str = "a"\n',
        '@print\nclass A:\n    x: str = "a"\n',
        'class A:\n    x: str = f"a"\n',
        'class A:\n    x: [a for a in "a"] = "a"\n',
    ],
)
def test_classes_hold_annotations(text: str) -> None:
    expectation = Expectation(
        frozenset(["class A", "field A.x"]), True, None, {"A": frozenset(["a"])}
    )
    prove("a.py", 'class A:\n    x: str = "a"\n', expectation)
    with pytest.raises(UnprovenFile):
        prove("a.py", text, expectation)


def test_data_that_is_not_what_was_meant() -> None:
    prove_toml("a.toml", "a = 1\n", {"a": 1})
    prove_json("a.json", "[1]", [1])
    for text in ("a = 2\n", "a = 1\nb = 2\n", "a = \n", "[a]\n"):
        with pytest.raises(UnprovenFile):
            prove_toml("a.toml", text, {"a": 1})
    for text in ("[true]", "[1, 2]", "[", "[1.5]"):
        with pytest.raises(UnprovenFile):
            prove_json("a.json", text, [1])


_BROKEN = {
    "string_literal": lambda text: f'"{encode.raw(text)}"',
    "docstring": lambda text, indent: encode.raw(text),
    "markdown": encode.raw,
    "markdown_code": lambda text: f"`{encode.raw(text)}`",
    "toml_string": lambda text: f'"{encode.raw(text)}"',
}


def _hostile() -> Project:
    project = WHOLE.copied()
    things = project.files["v1/things.json"]
    things["info"]["title"] = 'x"""\nimport os\n"""'
    operation = things["paths"]["/first/{pathname}/{constantname}/send"]["post"]
    newer = project.files["v1/newer.json"]["paths"]["/newer/{newerpath}"]["patch"]
    newer["x-errors"] = {
        "rules": [{"status": [400], "error": "server", "when": {"a": 'b` <img src=x>"), ("c'}}]
    }
    operation["parameters"][2]["name"] = 'a": exit(), "b'
    return Project(project.files, {"description": 'x"\n[evil]\ny = "<script>'})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


def test_with_all_encoders_hostile_texts_mean_nothing() -> None:
    assert check_emitted(_hostile()) == ""


@pytest.mark.parametrize("encoder", list(_BROKEN))
def test_a_broken_encoder_is_an_error_of_ours(encoder: str, folder: Path) -> None:
    """Without an encoder nothing is written, because the proof sees what got out."""
    project = _hostile()
    project.write(folder / "specs")
    with (
        mock.patch(f"upsertgen.emit.encode.{encoder}", _BROKEN[encoder]),
        pytest.raises(UnprovenFile),
    ):
        emit(project, folder)
    assert not (folder / "output").exists()


def test_a_template_without_an_encoder_is_refused() -> None:
    from upsertgen.emit.templates import Templates

    templates = Templates(None)
    environment = templates._build()
    for value in (SpecText("x"), [SpecText("x")], {SpecText("x"): 1}, (SpecText("x"),)):
        with pytest.raises(TypeError, match="encoder"):
            environment.from_string("{{ value }}").render(value=value)
