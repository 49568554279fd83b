"""The hooks for hatchling: layouts of projects downstream, what they lack, and what stops their builds."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from upsertgen.independent_sdist import independent_pyproject
from upsertgen.shipped_metadata import missing_metadata

from tests.command_line import upsertgen, write_files
from tests.downstream_project import (
    PYPROJECT,
    SETTINGS,
    SPEC,
    hatchling,
    hatchling_fails,
    in_wheel,
    project,
    run,
    unpack,
)

STATIC = """\
[build-system]
requires = ["hatchling", "upsertgen"]
build-backend = "hatchling.build"

[project]
name = "people-app"
version = "1.2.0"
dependencies = ["Pydantic>=2"]

[tool.hatch.build.hooks.upsertgen]

"""


def test_a_broken_spec_stops_the_build(tmp_path: Path) -> None:
    broken = SPEC.replace("type: array, items", "type: arrray, items")
    folder = project(tmp_path, {"api/v1/people.yaml": broken})
    said = hatchling_fails(folder, "wheel")
    assert re.search(r"^\S*api/v1/people\.yaml:16:\d+: .*arrray.*; expected .*; ", said, re.M), said
    assert "upsertgen: the clients cannot be generated" in said
    assert "Traceback" not in said
    assert not list((folder / "dist").glob("*"))


def test_a_name_that_would_vanish_stops_the_build(tmp_path: Path) -> None:
    lock = tmp_path / "api/names.lock.yaml"
    folder = project(tmp_path, {"api/names.lock.yaml": "versions: {}\n"})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert upsertgen("generate").code == 0
    before = lock.read_bytes()
    (folder / "api/v1/people.yaml").rename(folder / "api/v1/persons.yaml")
    said = hatchling_fails(folder, "wheel")
    assert "v1.people" in said
    assert "[[tool.upsertgen.renames]]" in said
    assert lock.read_bytes() == before


def test_what_a_static_project_lacks_is_told_ready_to_paste(tmp_path: Path) -> None:
    folder = project(tmp_path, {"pyproject.toml": STATIC + SETTINGS})
    said = hatchling(folder, "build_wheel")
    lines = said[said.index("[project]\n") :].partition("\n\n\n")[0]
    missing = tomllib.loads(lines)["project"]
    assert "set dynamic = [" in said
    assert "; add requires-python = '>=3.11'" in said
    assert "[tool.hatch.metadata.hooks.upsertgen]" in said
    assert [one.partition(">")[0] for one in missing["dependencies"]] == [
        "httpcore2",
        "httpx2",
        "pydantic-core",
        "tenacity",
        "typing-extensions",
    ]
    assert "sandbox" in missing["optional-dependencies"]
    assert missing["entry-points"] == {"pytest11": {"people_client": "people_client.testing"}}
    # What is told is all that it takes.
    text = STATIC.replace('["Pydantic>=2"]', str(["Pydantic", *missing.pop("dependencies")]))
    pasted = lines[lines.index("[project.") :]
    text = text.replace('"1.2.0"', '"1.2.0"\nrequires-python = ">=3.11"')
    (folder / "pyproject.toml").write_text(f"{text}{SETTINGS}\n{pasted}\n", "utf-8")
    assert "[project]" not in hatchling(folder, "build_wheel")


def test_what_is_missing_is_compared_by_normal_names_and_by_what_is_started() -> None:
    declared = {
        "dependencies": ["a.b[x]>=3", "C ; python_version > '3'"],
        "optional-dependencies": {"my-extra": ["d"]},
        "scripts": {"other": "package:main"},
    }
    wanted = {
        "dependencies": ["A_b", "c"],
        "optional-dependencies": {"My_Extra": ["D>=1"]},
        "scripts": {"this": "package:main"},
    }
    assert missing_metadata(declared, wanted) == {}
    assert missing_metadata({}, wanted) == wanted


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("dependencies = [", "dependecies = [", "did you mean 'dependencies'"),
        ('["attrs>=23"]', "3", "dependencies has another form"),
        ('"entry-points"]', '"description"]\nentry-points.a = {}', None),
        (
            "scripts = {",
            "entry-points.pytest11 = { people_client = 'mine' }\nscripts = {",
            "is a name of the project's own and of the generated package",
        ),
        (
            '"scripts", "entry-points"]',
            '"entry-points"]',
            "scripts stands here, and is not dynamic",
        ),
    ],
)
def test_a_wrong_table_of_the_metadata_hook_stops_the_build(
    tmp_path: Path, before: str, after: str, said: str | None
) -> None:
    text = (PYPROJECT + SETTINGS).replace(before, after, 1)
    assert text != PYPROJECT + SETTINGS
    folder = project(tmp_path, {"pyproject.toml": text})
    if said is None:
        hatchling(folder, "build_wheel")
        return
    found = hatchling_fails(folder, "wheel")
    assert re.search(rf"^\S*pyproject\.toml:\d+:\d+: .*{re.escape(said)}", found, re.M), found
    assert "Traceback" not in found


def test_a_broken_spec_stops_the_metadata_hook(tmp_path: Path) -> None:
    broken = SPEC.replace("type: array, items", "type: arrray, items")
    folder = project(tmp_path, {"api/v1/people.yaml": broken})
    run("-m", "hatchling", "metadata", cwd=folder, code=1)


GONE = SPEC.replace("/people/", "/gone/")
COINCIDING = (
    (PYPROJECT + SETTINGS)
    .replace("people-app", "people-client")
    .replace('[tool.hatch.build.targets.wheel]\npackages = ["people_app"]\n', "")
)


@pytest.mark.parametrize(
    ("pyproject", "own", "committed"),
    [
        pytest.param(COINCIDING, {}, False, id="the package is called as the project"),
        pytest.param(COINCIDING, {}, True, id="so too, and its folder is committed"),
        pytest.param(
            COINCIDING.replace('output = "client"', 'output = "src"'),
            {},
            True,
            id="so too, committed as src",
            marks=pytest.mark.large,
        ),
        pytest.param(
            COINCIDING
            + '[tool.hatch.build.targets.wheel]\npackages = ["client/people_client", "other"]\n',
            {"other/__init__.py": "other/__init__.py"},
            True,
            id="so too, and the wheel names its folder",
            marks=pytest.mark.large,
        ),
        pytest.param(
            (PYPROJECT + SETTINGS).replace('["people_app"]', '["src/people_app", "other"]'),
            {"src/people_app/__init__.py": "people_app/__init__.py", "other/a.py": "other/a.py"},
            False,
            id="own packages in src and beside it",
        ),
        pytest.param(
            (PYPROJECT + SETTINGS).replace(
                '[tool.hatch.build.targets.wheel]\npackages = ["people_app"]\n', ""
            ),
            {"src/people_app/__init__.py": "people_app/__init__.py"},
            True,
            id="own package found in src",
            marks=pytest.mark.large,
        ),
        pytest.param(
            COINCIDING,
            {"brand/people_client/a.py": "brand/people_client/a.py"}
            | {"brand/people_client/__init__.py": "brand/people_client/__init__.py"},
            False,
            id="own package of that name in a namespace",
            marks=pytest.mark.large,
        ),
    ],
)
def test_a_wheel_is_the_same_from_the_project_and_from_its_sdist(
    tmp_path: Path, pyproject: str, own: Mapping[str, str], committed: bool
) -> None:
    files = {"pyproject.toml": pyproject, "api/v1/people.yaml": SPEC, "api/v1/gone.yaml": GONE}
    folder = write_files(tmp_path / "project", {**files, **dict.fromkeys(own, "OWN = 1\n")})
    if committed:
        with contextlib.chdir(folder):
            # What is generated below has other files than what was committed.
            assert upsertgen("generate").code == 0
    (folder / "api/v1/gone.yaml").unlink()
    hatchling(folder, "build_wheel")
    hatchling(folder, "build_sdist")
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    unpacked = unpack(sdist, tmp_path / "sdist")
    hatchling(unpacked, "build_wheel")
    (again,) = (unpacked / "dist").glob("*.whl")
    shipped = in_wheel(wheel)
    assert in_wheel(again) == shipped
    hand_written = {name for name in shipped if shipped[name] == b"OWN = 1\n"}
    assert hand_written == set(own.values())
    rest = {name for name in shipped if ".dist-info/" not in name} - hand_written
    assert {name.partition("/")[0] for name in rest} == {"people_client"}
    assert "people_client/v1/people.py" in rest
    assert "people_client/v1/gone.py" not in rest


@pytest.mark.parametrize("name", ["people_client/a.py", "src/people_client.py"])
def test_an_own_package_of_the_name_is_refused(tmp_path: Path, name: str) -> None:
    folder = project(tmp_path, {"pyproject.toml": COINCIDING, name: ""})
    said = hatchling_fails(folder, "wheel")
    assert re.search(
        r"^\S*pyproject\.toml:\d+:\d+: the generated package is called", said, re.M
    ), said
    assert name in said


def test_a_hook_in_hatch_toml_is_refused(tmp_path: Path) -> None:
    text = PYPROJECT.replace("[tool.hatch.build.hooks.upsertgen]\n", "")
    wheel = '[build.targets.wheel]\npackages = ["people_app"]\n'
    files = {"pyproject.toml": text + SETTINGS, "hatch.toml": wheel + "[build.hooks.upsertgen]\n"}
    said = hatchling_fails(project(tmp_path, files), "sdist")
    assert "hatch.toml:1:1: the build hook is asked for here" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("coinciding", [False, True])
def test_an_editable_install_uses_the_output_folder(tmp_path: Path, coinciding: bool) -> None:
    text = (COINCIDING if coinciding else PYPROJECT + SETTINGS).replace(
        "[tool.hatch.build.hooks",
        '[tool.hatch.build]\ndev-mode-dirs = ["."]\n\n[tool.hatch.build.hooks',
    )
    folder = project(tmp_path / "project", {"pyproject.toml": text})
    hatchling(folder, "build_editable")
    (wheel,) = (folder / "dist").glob("*.whl")
    files = in_wheel(wheel)
    assert files["_upsertgen_people_client.pth"].decode().splitlines() == [str(folder / "client")]
    assert not any(name.startswith("people_client/") for name in files)
    assert (folder / "client/people_client/v1/people.py").is_file()


@pytest.mark.parametrize(
    "requires",
    ['["hatchling", "upsertgen"]', '["Upsertgen[x]>=0.1 ; os_name != \'q\'","hatchling"]'],
)
def test_the_rest_of_a_pyproject_stays(requires: str) -> None:
    text = (
        f"[build-system]\nrequires = {requires}  # all\n\n[project]\nname = 'a'\n\n"
        "[tool.other]\nx = 1 # one\n\n"
        "[tool.hatch.build.targets.sdist.hooks.upsertgen]\n\n"
        '[tool.hatch.build.hooks.vcs]\nversion-file = "v.py"\n'
    )
    changed = independent_pyproject(text, "a_client")
    data = tomllib.loads(changed)
    assert data["build-system"]["requires"] == ["hatchling"]
    assert data["tool"]["other"] == {"x": 1}
    assert data["tool"]["hatch"]["build"] == {
        "hooks": {"vcs": {"version-file": "v.py"}},
        "targets": {"wheel": {"force-include": {"_upsertgen/clients/a_client": "a_client"}}},
    }
    assert "# all" in changed
    assert "x = 1 # one" in changed
