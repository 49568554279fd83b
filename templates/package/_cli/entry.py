"""Where the command begins: what is missing, what is wrong, and the exit code."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NoReturn

from .installation import how_to_install

if TYPE_CHECKING:
    from .resources import Catalogue

_STOPPED = 2


def main() -> NoReturn:
    """Run the command: exit code 0 all accepted, 1 some rejected or unknown, 2 stopped or bad usage."""
    # The module is emitted: it exists only in a generated package.
    catalogue: Catalogue = importlib.import_module(".catalogue", __package__).CATALOGUE
    sys.exit(run_command(catalogue, sys.argv[1:]))


def run_command(catalogue: Catalogue, arguments: list[str]) -> int:
    """Run the command.

    Args:
        catalogue: What can be upserted.
        arguments: What stands after its name.

    Returns:
        The exit code.
    """
    program = catalogue.program
    try:
        import click

        from .command import command
        from .problems import BadInput
    except ModuleNotFoundError as error:
        line = how_to_install(error)
        if line is None:
            raise
        return _failed(program, line)
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = command(catalogue).main(arguments, program, standalone_mode=False)
    except click.ClickException as error:
        return _failed(program, f"{error.format_message()} ('{program} --help' explains)")
    except BadInput as error:
        return _failed(program, str(error))
    except ModuleNotFoundError as error:
        line = how_to_install(error)
        if line is None:
            raise
        return _failed(program, line)
    except (click.Abort, KeyboardInterrupt):
        return _failed(program, "stopped")
    return code if isinstance(code, int) else 0


def _failed(program: str, line: str) -> int:
    print(f"{program}: {line}", file=sys.stderr)
    return _STOPPED
