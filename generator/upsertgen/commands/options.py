"""What commands share: flags for settings, the configuration that is nearest, and what --help ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from upsertgen.configuration import MOST_JOBS, Settings, find_configuration
from upsertgen.errors import InvalidInput, Location

PATH = click.Path(path_type=Path)
_TYPES = {Path: PATH, str: str, int: click.IntRange(1, MOST_JOBS)}
_SETTINGS_HELP = (
    "Settings stand in [tool.upsertgen] of the nearest pyproject.toml, under the names of their flags; "
    "its paths are relative to it. A flag overrides its setting."
)
_EXIT_CODES = "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage."


def settings_options(*names: str) -> Callable[..., Any]:
    """Return a decorator that gives a command a flag for each setting, and --config.

    Args:
        names: The names of the settings; all that a flag can hold if there are none.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        text = "The pyproject.toml to read. [default: the nearest with a [tool.upsertgen]]"
        command = click.option("--config", type=PATH, help=text)(command)
        for one in reversed(fields(Settings)):
            if one.metadata.get("kind") in _TYPES and (not names or one.name in names):
                default = f" [default: {one.default}]" if one.default else ""
                kind, text = _TYPES[one.metadata["kind"]], one.metadata["help"] + default
                flag = f"--{one.name.replace('_', '-')}"
                command = click.option(flag, type=kind, help=text)(command)
        return command

    return decorate


def nearest_configuration(config: Path | None) -> Path | None:
    """Return the `pyproject.toml` of a run: what `--config` names, or else the nearest with settings."""
    return config if config is not None else find_configuration(Path.cwd())


def configuration_to_change(config: Path | None) -> Path:
    """Return the `pyproject.toml` of a run that changes a setting in it.

    Raises:
        InvalidInput: There is none.
    """
    path = nearest_configuration(config)
    if path is None:
        raise InvalidInput.at(
            Location("pyproject.toml"),
            "there is no [tool.upsertgen] here or above",
            "a pyproject.toml whose settings can be changed",
            "add [tool.upsertgen] to it, or name it with --config",
        )
    return path


def verbatim(*paragraphs: str) -> str:
    """Return paragraphs that --help shows as they are."""
    # The character \b keeps click from filling the lines of a paragraph.
    return "\n\n".join(f"\b\n{text}" for text in paragraphs)


def epilog(*paragraphs: str) -> str:
    """Return what --help says after the options: paragraphs to show as they are, settings, exit codes."""
    return "\n\n".join([verbatim(*paragraphs), _SETTINGS_HELP, _EXIT_CODES])
