"""Where the command begins: what is missing, what is wrong, and the exit code."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NoReturn

from .errors import BadInput, how_to_install

if TYPE_CHECKING:
    from .object_types import Catalogue

_STOPPED = 2
_NOTHING = (
    "there is nothing to do from the command line: no object type has one operation that upserts records "
    "in bulk, and none lists properties; the clients of this package call all operations"
)


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
        return _run(catalogue, arguments)
    except BadInput as error:
        problem = str(error)
    except ModuleNotFoundError as error:
        line = how_to_install(error)
        if line is None:
            raise
        problem = line
    except KeyboardInterrupt:
        problem = "stopped"
    print(f"{program}: {problem}", file=sys.stderr)
    return _STOPPED


def _run(catalogue: Catalogue, arguments: list[str]) -> int:
    if not catalogue.versions:
        raise BadInput(_NOTHING)
    import click

    from .command import command

    program = catalogue.program
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = command(catalogue, arguments).main(arguments, program, standalone_mode=False)
    except click.ClickException as error:
        context: click.Context | None = getattr(error, "ctx", None)
        path = program if context is None else context.command_path
        raise BadInput(f"{error.format_message()} ('{path} --help' explains)") from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0
