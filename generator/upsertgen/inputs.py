"""What a run is made from: the files and tools that decide about the output, and their digests.

To know that nothing changed takes no more than this: no spec is parsed and no tool is imported.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput, Location, Problem

SPEC_ENDINGS = (".yaml", ".yml", ".json")
OVERLAYS = "overlays"
_VISIBLE_SETTINGS = ("package", "distribution", "distribution_version", "description", "example")


def spec_files(folder: Path) -> list[Path]:
    """Return the spec and overlay files of a specs folder, sorted.

    Raises:
        InvalidInput: The folder does not exist or holds no spec file.
    """
    files = sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix in SPEC_ENDINGS and path.is_file() and not path.name.startswith(".")
    )
    if not any(path.parent.name != OVERLAYS for path in files):
        wrong = (
            "the specs folder holds no spec files"
            if folder.is_dir()
            else "there is no such specs folder"
        )
        problem = Problem(
            Location(folder.as_posix()),
            wrong,
            "a folder for each API version with .yaml or .json files in it, such as specs/v1/contacts.yaml",
            "name another folder with --specs or in [tool.upsertgen]",
        )
        raise InvalidInput([problem])
    return files


def spec_digests(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the SHA-256 of each spec and of each overlay, by their path inside the specs folder.

    Raises:
        InvalidInput: The folder holds no spec file, or one cannot be read.
    """
    specs: dict[str, str] = {}
    overlays: dict[str, str] = {}
    for path in spec_files(folder):
        digests = overlays if path.parent.name == OVERLAYS else specs
        digests[path.relative_to(folder).as_posix()] = _file_digest(path)
    return specs, overlays


def generator_digest() -> str:
    """Return one digest of the generator's own source."""
    folder = Path(__file__).parent
    parts = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        parts.update(
            path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return parts.hexdigest()


def visible_settings(settings: Settings) -> dict[str, str | None]:
    """Return the settings that show in the output."""
    return {name: getattr(settings, name) for name in _VISIBLE_SETTINGS}


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        problem = Problem(
            Location(path.as_posix()),
            f"the file cannot be read ({error.strerror})",
            "a file",
            "check its permissions",
        )
        raise InvalidInput([problem]) from None
