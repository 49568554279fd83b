"""What to say if the packages that only the sandbox needs are not installed."""

from __future__ import annotations

_NEEDED = frozenset({"click", "h11", "starlette"})


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """Say how to install what the sandbox needs.

    Args:
        error: What importing raised.

    Returns:
        One line, or None if what is missing is no package of others.
    """
    missing = (error.name or "").partition(".")[0]
    if missing not in _NEEDED:
        return None
    return (
        f"the sandbox needs {missing}, which is not installed; "
        f"install it with: pip install '{_distribution()}[sandbox]'"
    )


def _distribution() -> str:
    from importlib.metadata import packages_distributions  # Slow, and hardly ever needed.

    package = __name__.partition(".")[0]
    return next(iter(packages_distributions().get(package, ())), package.replace("_", "-"))
