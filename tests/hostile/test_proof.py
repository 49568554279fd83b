"""The proof sees whatever does not belong into an emitted file, wherever an encoder would have failed."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from upsertgen.emit import encode
from upsertgen.emit.proof import UnprovenFile, prove_json, prove_toml
from upsertgen.emit.templates import Templates
from upsertgen.emit.twin import Twin, prove
from upsertgen.spec_text import SpecText

from tests.hostile.emission import check_emitted, emit
from tests.hostile.project import WHOLE, Project

_TEXT = "x = 1\ndef f(a=2):\n    return a\n"


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
    prove("a.py", _TEXT, Twin(_TEXT))
    with pytest.raises(UnprovenFile):
        prove("a.py", text, Twin(_TEXT))


def test_another_text() -> None:
    twin = Twin('x = "harmless"\n', {"harmless": frozenset(["meant"])})
    prove("a.py", 'x = "meant"\n', twin)
    with pytest.raises(UnprovenFile):
        prove("a.py", 'x = "other"\n', twin)


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
def test_another_class(text: str) -> None:
    twin = Twin('class A:\n    x: str = "word"\n', {"word": frozenset("a")})
    prove("a.py", 'class A:\n    x: str = "a"\n', twin)
    with pytest.raises(UnprovenFile):
        prove("a.py", text, twin)


def test_a_template_of_the_users_own_may_define_more() -> None:
    ours = Twin("class A:\n    x: int = 1\ndef f(): pass\ny = 1\n", exact=False)
    prove(
        "a.py", "import os\nclass A:\n    x = 2\n    x: str\ndef f(): os\ny = z = 2\ny = 1\n", ours
    )
    for text, missing in (
        ("class A:\n    x: int\ny = 1\n", "def f"),
        ("class A:\n    pass\ndef f(): pass\ny = 1\n", "field A.x"),
        ("def f(): pass\n", "assign y, class A, field A.x"),
    ):
        with pytest.raises(UnprovenFile, match=f"was to define {missing}$"):
            prove("a.py", text, ours)


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
    operation["x-errors"]["rules"][0]["when"] = {"a": 'b` <img src=x>"), ("c'}
    operation["parameters"][2]["name"] = 'a": exit(), "b'
    return Project(project.files, {"description": 'x", evil = "<script>" # '})


def test_with_all_encoders_hostile_texts_mean_nothing() -> None:
    assert check_emitted(_hostile()) == ""


@pytest.mark.parametrize("encoder", list(_BROKEN))
def test_a_broken_encoder_is_an_error_of_ours(encoder: str, tmp_path: Path) -> None:
    """Without an encoder nothing is written, because the proof sees what got out."""
    project = _hostile()
    project.write(tmp_path / "specs")
    with (
        mock.patch(f"upsertgen.emit.encode.{encoder}", _BROKEN[encoder]),
        pytest.raises(UnprovenFile),
    ):
        emit(project, tmp_path)
    assert not (tmp_path / "output").exists()


def test_a_template_without_an_encoder_is_refused() -> None:
    environment = Templates(None)._build()
    for value in (SpecText("x"), [SpecText("x")], {SpecText("x"): 1}, (SpecText("x"),)):
        with pytest.raises(TypeError, match="encoder"):
            environment.from_string("{{ value }}").render(value=value)
