"""What a run is made from: the files and tools that decide about the output, and their digests.

To know that nothing changed takes no more than this: no spec is parsed and no tool is imported.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import version as installed_version
from pathlib import Path

from upsertgen.configuration import Settings
from upsertgen.errors import Location, Problems
from upsertgen.limits import LIMITS, Budget, beyond
from upsertgen.spec_file import read_spec_file, wrong_link, wrong_name

SPEC_ENDINGS = (".yaml", ".yml", ".json")
OVERLAYS = "overlays"
PROPERTIES = "properties"
FACTS = "facts"
DOCS = "docs"
"""Pages that people wrote, and the order in which they are read: they say nothing about an API."""
NO_VERSIONS = frozenset((OVERLAYS, PROPERTIES, FACTS, DOCS))
"""The folders of a specs folder that are no API versions."""
LOCK = "names.lock.yaml"
"""The record of public names, which stands in the specs folder and is no spec."""

RELEASES = "releases.yaml"
"""What each release of the distribution brought: a record that its changelog is made from, and no spec."""

PROVENANCE = "provenance.yaml"
"""Where imported specs come from: a record that stands beside the versions, and is no spec."""
SCHEMAS = ".schemas"
"""Where JSON Schemas for editors stand in a specs folder; what is hidden there is no spec."""
_PINNED = ("black", "datamodel-code-generator")
"""The tools whose version decides about the output, byte for byte."""
_PINNED_FOR_PAGES = ("griffelib",)

_DEPTH = 2
_DOCS = "docs/"
_COPIES = ("~", ".bak", ".orig", ".swp", ".tmp")
"""How the names of copies end that editors and merges leave behind."""
_NOT_IN_THE_OUTPUT = (
    "cli.py",
    "commands/",
    "distribution_version.py",
    "hatch_hook.py",
    "importing/",
    "json_schemas/",
    "last_release.py",
    "new_project/",
    "progress.py",
    "properties/",
    "release.py",
)


def spec_files(folder: Path, *, new: bool = False) -> list[Path]:
    """Return the spec, overlay and property files of a specs folder, sorted.

    Args:
        folder: The specs folder.
        new: Whether it may be about to get its first spec file, and may not exist yet.

    Raises:
        InvalidInput: The folder does not exist, holds no spec file, holds one where none is read, or holds
            what is no plain file or leads out of it.
    """
    problems = Problems()
    files: list[Path] = []
    for path in _files(folder, folder.resolve(), problems):
        if len(files) >= LIMITS.files:
            raise beyond(
                Location(folder.as_posix()),
                f"the specs folder holds more than {LIMITS.files} files",
                "a file for each object type and version",
                "name the folder that is meant",
            )
        depth = len(path.relative_to(folder).parts)
        if path == folder / LOCK:
            continue
        if depth == _DEPTH:
            files.append(path)
        elif path in (folder / PROVENANCE, folder / RELEASES):
            continue
        else:
            problems.add(
                Location(path.as_posix()),
                f"the file stands {'in no folder' if depth < _DEPTH else 'too deep'}, and is not read",
                f"spec files in a folder for each API version, such as {folder.as_posix()}/v1/contacts.yaml",
                "move the file",
            )
    if not problems and not new and not any(path.parent.name not in NO_VERSIONS for path in files):
        problems.add(
            Location(folder.as_posix()),
            (
                "the specs folder holds no spec files"
                if folder.is_dir()
                else "there is no such specs folder"
            ),
            "a folder for each API version with .yaml or .json files in it, such as specs/v1/contacts.yaml",
            "name another folder with --specs or in [tool.upsertgen]",
        )
    problems.raise_if_any()
    return files


def _files(folder: Path, root: Path, problems: Problems, depth: int = 1) -> Iterator[Path]:
    """Yield the files below a folder that look like specs, sorted; not pages, and not what is hidden."""
    if depth > LIMITS.folders:
        problems.add(
            Location(folder.as_posix()),
            f"folders stand more than {LIMITS.folders} deep in each other",
            "spec files in a folder for each API version",
            "move or remove the folder",
        )
        return
    try:
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        problems.add(
            Location(folder.as_posix()),
            f"the folder cannot be read: {error.strerror}",
            "a readable folder",
            "check its permissions",
        )
        return
    for path in entries:
        if path.name.startswith(".") or (depth == 1 and path.name == DOCS):
            continue
        is_folder, looks_like_spec = path.is_dir(), path.suffix.lower() in SPEC_ENDINGS
        if not (is_folder or looks_like_spec):
            continue
        wrong = wrong_name(path) or (wrong_link(path, root) if path.is_symlink() else None)
        if wrong is not None:
            problems.note(wrong)
        elif is_folder and not (looks_like_spec and depth == _DEPTH):
            yield from _files(path, root, problems, depth + 1)
        else:
            yield path


def editor_comment(name: str) -> str:
    """Return the text of the first line of a file one folder below the specs: what tells editors its schema.

    Args:
        name: The name of the schema, such as `overlays`.
    """
    return f"yaml-language-server: $schema=../{SCHEMAS}/{name}.json"


def has_schemas(specs: Path) -> bool:
    """Return whether a specs folder holds the schemas that its files may name."""
    return (specs / SCHEMAS / "specs.json").is_file()


def spec_digests(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the SHA-256 of each spec or property file, and of each overlay, by their path in the folder.

    The record of releases is among the former.

    Raises:
        InvalidInput: The folder holds no spec file, or one cannot be read.
    """
    specs: dict[str, str] = {}
    overlays: dict[str, str] = {}
    budget = Budget()
    for path in spec_files(folder):
        digests = overlays if path.parent.name == OVERLAYS else specs
        digests[path.relative_to(folder).as_posix()] = _file_digest(path, budget)
    if os.path.lexists(folder / RELEASES):
        specs[RELEASES] = _file_digest(folder / RELEASES, budget, folder)
    return specs, overlays


def guide_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the pages that people wrote, by their path in the specs folder.

    Raises:
        InvalidInput: One cannot be read, or leads out of the folder.
    """
    budget = Budget()
    return {
        path.relative_to(folder).as_posix(): _file_digest(path, budget, folder)
        for path in guide_files(folder)
    }


def guide_files(folder: Path) -> list[Path]:
    """Return the files of the pages that people wrote in a specs folder, sorted.

    What is hidden is none, and neither is what editors leave behind, such as `index.md~`.

    Raises:
        InvalidInput: A symbolic link leads to a folder, out of the specs folder, or nowhere.
    """
    root, problems = folder / DOCS, Problems()
    files: list[Path] = []
    for path in (root, *sorted(root.rglob("*"))):
        if _is_left_out(path.relative_to(root)):
            continue
        if path.is_symlink():
            wrong = wrong_link(path, folder.resolve())
            if wrong is not None:
                problems.note(wrong)
            elif path != root and path.is_dir():
                problems.add(
                    Location(path.as_posix()),
                    "the link leads to a folder",
                    "pages in folders of their own",
                    "put a copy of the folder in its place",
                )
        if path.is_file():
            files.append(path)
    problems.raise_if_any()
    return files


def _is_left_out(path: Path) -> bool:
    """Return whether something among the pages that people wrote is hidden, or an editor's copy."""
    return any(part.startswith((".", "#")) for part in path.parts) or path.name.endswith(_COPIES)


def lock_digest(folder: Path) -> str:
    """Return the SHA-256 of the record of names in a specs folder; nothing if there is none."""
    path = folder / LOCK
    return _file_digest(path, Budget(), folder) if os.path.lexists(path) else ""


@cache
def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that decide about the output, without importing them."""
    return {name: installed_version(name) for name in _PINNED}


def page_tool_versions() -> dict[str, str]:
    """Return the versions of the tools that decide about pages of documentation besides."""
    return {name: installed_version(name) for name in _PINNED_FOR_PAGES}


def generator_digest(*, docs: bool = False) -> str:
    """Return one digest of the generator's own source, as far as it decides about the output.

    Args:
        docs: Whether the output is pages of documentation, and not the distribution.
    """
    folder = Path(__file__).parent
    parts = hashlib.sha256()
    for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.jinja2"))):
        name = path.relative_to(folder).as_posix()
        if (docs and name.startswith(_DOCS)) or not name.startswith((_DOCS, *_NOT_IN_THE_OUTPUT)):
            parts.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return parts.hexdigest()


def visible_settings(settings: Settings) -> dict[str, str | None]:
    """Return the settings that show in the output."""
    renames = "; ".join(map(str, settings.renames)) or None
    visible = [one.name for one in fields(settings) if one.metadata.get("shows")]
    return {**{name: getattr(settings, name) for name in visible}, "renames": renames}


def _file_digest(path: Path, budget: Budget, root: Path | None = None) -> str:
    content = read_spec_file(path, root=root)
    budget.take_bytes(len(content), path.as_posix())
    return hashlib.sha256(content).hexdigest()
