"""Whoever adds an object type or an API version changes no test: the suite passes in such a project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.inventory import NEWEST, OLDEST, SPECS
from tests.tools import rerun

ROOT = SPECS.parent
NEXT = "2998-09"
"""A version that comes after all others."""

# They ask what is in specs/ and generated/, and take no more than seconds.
QUICK = [
    "tests/test_versions.py::test_every_published_operation_is_there",
    "tests/test_versions.py::test_operations_do_not_share_a_path",
    f"tests/test_versions.py::test_clients_have_the_object_types_of_the_specs_and_no_other[{NEWEST}]",
    # There is none of this name unless it is the copy that is tested.
    f"tests/test_versions.py::test_clients_have_the_object_types_of_the_specs_and_no_other[{NEXT}]",
    "tests/test_versions.py::test_names_and_parameters_are_the_same_in_all_versions",
    "tests/test_bodies.py::test_there_are_no_more_classes_than_distinct_bodies",
    "tests/test_bodies.py::test_the_same_body_is_the_same_class_in_all_versions",
    "tests/test_readme.py::test_examples_run",
    "tests/test_readme.py::test_the_generated_readme_lists_the_object_types_of_each_version",
    "tests/sandbox/test_contract.py::test_every_operation_of_the_specs_is_served",
    "tests/sandbox/test_contract.py::test_named_examples_fit_their_schemas",
    "tests/sandbox/test_semantics.py::test_an_object_type_is_the_same_through_every_version_and_name",
]


def copy_project(folder: Path) -> None:
    """Copy what git knows, or would, of the project: no environments and no caches."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def copy_object_type(version: Path, old: str, new: str) -> None:
    """Copy a spec to another object type, as the README says, with what has to differ."""
    text = (version / f"{old}.yaml").read_text("utf-8")
    for words in (f"/{old}/batch/upsert", f" {old} ", f"title: {old.title()}"):
        assert words in text
        text = text.replace(words, words.lower().replace(old, new))
    (version / f"{new}.yaml").write_text(text, "utf-8")


def copy_version(specs: Path, old: str, new: str) -> None:
    """Copy the specs of a version to another one, which its paths name."""
    (specs / new).mkdir()
    for file in (specs / old).iterdir():
        text = file.read_text("utf-8").replace(old, new)
        (specs / new / file.name).write_text(text, "utf-8")


def run(folder: Path, *module: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python with the parts of a copy of the project, not with those of this one."""
    paths = os.pathsep.join(str(folder / name) for name in ("generator", "generated"))
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with new object types and a new version, and what is generated of them."""
    folder = tmp_path_factory.mktemp("extended")
    copy_project(folder)
    copy_object_type(folder / "specs" / OLDEST, "contacts", "new_contacts")
    copy_object_type(folder / "specs" / NEWEST, "contacts", "new_contacts")
    copy_object_type(folder / "specs" / NEWEST, "tasks", "new_tasks")
    copy_version(folder / "specs", NEWEST, NEXT)
    generated = run(folder, "upsertgen", "generate")
    assert generated.returncode == 0, generated.stdout
    return folder


def test_new_specs_pass_the_tests_that_ask_for_them(extended: Path) -> None:
    done = run(extended, "pytest", "-q", "-p", "no:cacheprovider", *QUICK)
    assert done.returncode == 0, done.stdout


@pytest.mark.large
# All other warnings are errors; this one is to be read.
@pytest.mark.filterwarnings(f"always:.*{rerun.TOLD}:UserWarning")
def test_new_specs_pass_the_whole_suite(extended: Path) -> None:
    # Another copy of the copy would tell nothing new, nor would what no spec has a part in.
    left_out = (
        *("tests/test_new_specs.py", "tests/docs/test_guides.py", "tests/docs/test_pages.py"),
        "tests/docs/test_pictures.py",
    )
    done = run(
        *(extended, "tests.tools.rerun", "-q", "-n", "auto", "--dist", "worksteal"),
        *("-m", "not large and not chromium"),
        *(f"--ignore={one}" for one in left_out),
    )
    assert done.returncode == 0, done.stdout
    if unsteady := rerun.unsteady_tests(extended):
        warnings.warn(f"UNSTEADY, {rerun.TOLD}: {' '.join(unsteady)}", stacklevel=1)
