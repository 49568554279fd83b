"""How to install what only some uses of the distribution need."""

from __future__ import annotations

from collections.abc import Mapping

_LIBRARIES = {"backports": "backports.zstd"}
"""How libraries are called that are not called like their modules."""


def how_to_install(error: ModuleNotFoundError, extras: Mapping[str, str]) -> str | None:
    """Say how to install what is missing, or None if it belongs to no extra.

    Args:
        error: What importing raised.
        extras: By the name of a module, the extra that it comes with, or several with commas.
    """
    missing = (error.name or "").partition(".")[0]
    if missing not in extras:
        return None
    library, command = _LIBRARIES.get(missing, missing), install_command(extras[missing])
    return f"{library} is needed and not installed; install it with: {command}"


def distribution() -> str:
    """Give the name of the distribution that this is a part of."""
    from importlib.metadata import (
        entry_points,
        packages_distributions,
    )  # Slow, and hardly ever needed.

    package = __name__.partition(".")[0]
    for name in packages_distributions().get(package, ()):
        return name
    # An editable installation names no files, but the plugin for pytest.
    for point in entry_points(group="pytest11"):
        if point.module.startswith(f"{package}.") and point.dist is not None:
            return point.dist.name
    return package.replace("_", "-")


def install_command(extra: str) -> str:
    """Give the command that installs the distribution with an extra.

    Args:
        extra: The name of the extra, or several with commas.
    """
    return f"pip install '{distribution()}[{extra}]'"
