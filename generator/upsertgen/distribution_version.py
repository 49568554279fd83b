"""The version of the distribution: which one is next."""

from __future__ import annotations

from packaging.version import Version

from upsertgen.errors import InvalidInput, Location, quoted


def next_version(current: str, last: str | None, bump: str) -> str:
    """Return the version of a release.

    Args:
        current: What the settings say. Whoever raised it far enough is heard.
        last: The version that was released last; nothing before the first release.
        bump: By what that has to be raised.

    Raises:
        InvalidInput: The version is none that a number can be raised in.

    Example:
        >>> next_version("1.4.2", "1.4.2", "minor"), next_version("2.0.0", "1.4.2", "minor")
        ('1.5.0', '2.0.0')
        >>> next_version("1.4.3", "1.4.2", "minor"), next_version("1.4.2", None, "minor")
        ('1.5.0', '1.5.0')
    """
    if last is None or Version(current) <= Version(last):
        return bumped(last or current, bump)
    needed = Version(bumped(Version(last).base_version, bump))
    return current if Version(Version(current).base_version) >= needed else str(needed)


def bumped(version: str, bump: str) -> str:
    """Return the version that follows a semantic version.

    Before 1.0 anything may change, so what breaks callers raises the second number there.

    Args:
        version: Such as `1.4.2`; numbers that are left out count as 0.
        bump: `major`, `minor`, `patch` or `none`.

    Raises:
        InvalidInput: The version is none that a number can be raised in.

    Example:
        >>> bumped("1.4.2", "minor"), bumped("0.4.2", "major"), bumped("2.0", "patch")
        ('1.5.0', '0.5.0', '2.0.1')
    """
    if bump == "none":
        return version
    old = Version(version)
    if len(old.release) > 3 or str(old) != old.base_version or old.epoch:
        raise InvalidInput.at(
            Location("pyproject.toml"),
            f"distribution-version is {quoted(version)}, of which the next version is not plain",
            "three numbers, such as 1.4.0",
            "set distribution-version to the release that was made last",
        )
    major, minor, patch = old.major, old.minor, old.micro
    if bump == "major" and major > 0:
        return f"{major + 1}.0.0"
    if bump in ("major", "minor"):
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"
