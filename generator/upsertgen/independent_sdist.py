"""Makes an sdist independent of the generator: it holds the generated package, and asks for no upsertgen."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "upsertgen"
CLIENTS = "_upsertgen/clients"
"""Where the package lies in an sdist: so deep that hatchling takes it for no package of the project."""


def make_independent(sdist: Path, package: str | None, metadata: Mapping[str, Any]) -> None:
    """Replace the `pyproject.toml` in an sdist, and keep everything else of it as it is.

    Args:
        sdist: The archive.
        package: The name of the generated package in it; nothing if there is none.
        metadata: The fields of `[project]` that the generator gave.
    """
    rewritten = io.BytesIO()
    with tarfile.open(sdist) as old, tarfile.open(fileobj=rewritten, mode="w") as new:
        for member in old.getmembers():
            file = old.extractfile(member) if member.isfile() else None
            content = file.read() if file is not None else None
            if content is not None and member.name.split("/")[1:] == ["pyproject.toml"]:
                content = independent_pyproject(content.decode(), package, metadata).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content) if content is not None else None)
    with gzip.GzipFile(sdist, "wb", mtime=int(os.environ.get("SOURCE_DATE_EPOCH", "0"))) as archive:
        archive.write(rewritten.getvalue())


def independent_pyproject(
    text: str, package: str | None, metadata: Mapping[str, Any] | None = None
) -> str:
    """Return a `pyproject.toml` that ships a generated package and does not ask for the generator.

    Args:
        text: The `pyproject.toml` of the project.
        package: The name of the generated package, which lies in `CLIENTS`; nothing if there is none.
        metadata: The fields of `[project]` that the generator gave.
    """
    document: Any = tomlkit.parse(text)
    requires = document["build-system"]["requires"]
    for index in reversed(range(len(requires))):
        if canonicalize_name(Requirement(requires[index]).name) == NAME:
            del requires[index]
    hatch = document["tool"]["hatch"]
    build = hatch["build"]
    for holder in (build, *build.get("targets", {}).values(), hatch.get("metadata", {})):
        hooks = holder.get("hooks", {})
        hooks.pop(NAME, None)
        if "hooks" in holder and not hooks:
            del holder["hooks"]
    _make_static(document["project"], metadata or {})
    if package is not None:
        wheel = build.setdefault("targets", {}).setdefault("wheel", {})
        wheel.setdefault("force-include", {})[f"{CLIENTS}/{package}"] = package
    return tomlkit.dumps(document)


def _make_static(project: Any, metadata: Mapping[str, Any]) -> None:
    """State the fields that were dynamic."""
    dynamic = project.get("dynamic", [])
    for index in reversed(range(len(dynamic))):
        if dynamic[index] in metadata:
            del dynamic[index]
    if "dynamic" in project and not dynamic:
        del project["dynamic"]
    for field, value in metadata.items():
        if value:
            project[field] = value
