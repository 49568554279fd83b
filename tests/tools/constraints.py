"""Versions of dependencies, as constraints that pip reads: names and versions, and nothing else.

`lowest` prints the lowest version that each requirement of the two distributions allows, `installed` what is
installed beside this Python.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
PROJECTS = (ROOT / "pyproject.toml", ROOT / "generated" / "pyproject.toml")
_BRINGS_ITSELF = {"pip", "setuptools"}
"""What a new environment of some Python has already."""


def requirements(projects: Iterable[Path] = PROJECTS) -> Iterator[Requirement]:
    """Yield each requirement of distributions, those of their extras and of their builds included."""
    for path in projects:
        content = tomllib.loads(path.read_text("utf-8"))
        project = content["project"]
        extras = project.get("optional-dependencies", {}).values()
        for group in (project["dependencies"], *extras, content["build-system"]["requires"]):
            yield from map(Requirement, group)


def lowest(projects: Iterable[Path] = PROJECTS) -> dict[str, Version]:
    """Return the lowest version that all distributions allow, by the name of the dependency.

    Raises:
        ValueError: A requirement has no lower bound.
    """
    found: dict[str, Version] = {}
    for requirement in requirements(projects):
        bounds = [one for one in requirement.specifier if one.operator in (">=", "==", "~=")]
        if not bounds:
            raise ValueError(f"{requirement} has no lower bound, such as {requirement.name}>=1.0")
        name = canonicalize_name(requirement.name)
        found[name] = max(found.get(name, Version("0")), *(Version(one.version) for one in bounds))
    return found


def installed() -> dict[str, Version]:
    """Return what is installed, without the two distributions and what they pin exactly themselves."""
    left_out = {
        canonicalize_name(one.name)
        for one in requirements()
        if any(bound.operator == "==" for bound in one.specifier)
    }
    for path in PROJECTS:
        name = tomllib.loads(path.read_text("utf-8"))["project"]["name"]
        left_out.add(canonicalize_name(name))
    return {
        name: Version(one.version)
        for one in distributions()
        if (name := canonicalize_name(one.name)) not in left_out | _BRINGS_ITSELF
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("lowest", "installed"))
    which = parser.parse_args().which
    if which == "lowest" and sys.version_info >= (3, 13):
        sys.exit(
            "the lowest versions are older than Python 3.13 and have no wheels for it: "
            "make clean, and make test-lowest PYTHON=python3.11"
        )
    versions = lowest() if which == "lowest" else installed()
    print("\n".join(f"{name}=={version}" for name, version in sorted(versions.items())))
