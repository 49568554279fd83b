"""Which names a file of the output may have, so that it exists alike wherever the output is used.

Pure decisions: a name that Linux takes may be a device on Windows, and two names may be one on macOS.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from upsertgen.errors import Location, Problems, quoted

DEVICES = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$")) | frozenset(
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
)
"""What no file or folder can be called on Windows, whatever its ending."""
_NOT_ON_WINDOWS = frozenset('<>:"|?*\\')
_LONGEST = 200
"""Bytes of a name. File systems take 255, and a name needs room for what is put around it meanwhile."""


def name_fault(path: str) -> str | None:
    """Return what is wrong with a path in the output folder, as a clause; nothing when it will do.

    Args:
        path: The path, with `/`.

    Example:
        >>> name_fault("client/v1/aux.py")
        "'aux.py' is the name of a device on Windows"
        >>> name_fault("../client.py")
        "'..' leads out of the output folder"
        >>> name_fault("client/v1/auxiliary.py")
    """
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return f"{quoted(name)} leads out of the output folder"
        if name.partition(".")[0].rstrip(" ").casefold() in DEVICES:
            return f"{quoted(name)} is the name of a device on Windows"
        if _NOT_ON_WINDOWS & set(name) or not name.isprintable() or name[-1] in ". ":
            return f"{quoted(name)} is no name for a file on Windows"
        if len(name.encode()) > _LONGEST:
            return f"{quoted(name)} has more than {_LONGEST} bytes"
    return None


def refuse_names(folder: Path, files: Mapping[str, Iterable[str]]) -> None:
    """Make sure that all files can stand beside each other on any file system.

    Args:
        folder: The output folder.
        files: The specs that each file comes from, by its path in the folder.

    Raises:
        InvalidInput: With every path that is reserved somewhere, leads elsewhere, or differs from
            another one only in case.
    """
    problems = Problems()
    taken: dict[str, str] = {}
    for path, specs in files.items():
        fault = name_fault(path)
        # A folder collides as well: a.py in V1/ and b.py in v1/ would stand in the same one.
        places = ["/".join(path.split("/")[:count]) for count in range(1, path.count("/") + 2)]
        for place in places:
            other = taken.setdefault(unicodedata.normalize("NFC", place).casefold(), place)
            if other != place and fault is None:
                fault = f"{quoted(place)} and {quoted(other)} are the same name where case does not count"
        if fault is not None:
            names = ", ".join(sorted(specs)[:4])
            problems.add(
                Location((folder / path).as_posix()),
                f"a file cannot be written under this name: {fault}",
                "names that any file system takes and tells apart",
                f"rename {names or 'the version, object type or package'}",
            )
    problems.raise_if_any()
