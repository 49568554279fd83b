"""What to say if packages that only the command line needs are not installed."""

from __future__ import annotations

from importlib.metadata import packages_distributions

_EXTRAS = {"click": "cli", "rich": "cli", "pyarrow": "cli,parquet"}


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """Say how to install what is missing.

    Args:
        error: What importing raised.

    Returns:
        One line, or None if what is missing belongs to no extra of the command line.
    """
    missing = (error.name or "").partition(".")[0]
    if missing not in _EXTRAS:
        return None
    package = __name__.partition(".")[0]
    distribution = next(iter(packages_distributions().get(package, ())), package.replace("_", "-"))
    return (
        f"{missing} is needed and not installed; "
        f"install it with: pip install '{distribution}[{_EXTRAS[missing]}]'"
    )
