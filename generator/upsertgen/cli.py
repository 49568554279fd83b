"""The command line: its commands together, and how it ends."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from upsertgen import __version__
from upsertgen.commands.diff import diff_command
from upsertgen.commands.docs import docs_command
from upsertgen.commands.generate import generate, watch
from upsertgen.commands.import_specs import import_command
from upsertgen.commands.init import init
from upsertgen.commands.inspect import list_specs, validate
from upsertgen.commands.messages import print_problems, print_verdict
from upsertgen.commands.options import epilog
from upsertgen.commands.properties import properties_command
from upsertgen.commands.release import release_command
from upsertgen.commands.schema import reference_command, schema_command
from upsertgen.commands.templates import templates
from upsertgen.emit.proof import UnprovenFile
from upsertgen.errors import InvalidInput, WorkerDied, nearest, quoted

BAD_INPUT = 2


def main() -> None:
    """Run the command line: exit code 0 done, 1 `--check` found something stale, 2 bad input or usage."""
    told: dict[str, str] = {"form": "text"}
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = _group.main(prog_name="upsertgen", standalone_mode=False, obj=told)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped; nothing was written")
    except InvalidInput as error:
        print_problems(error, told["form"])
        sys.exit(BAD_INPUT)
    except UnprovenFile as error:
        _fail(f"{error}; this is a fault of upsertgen: please report it. Nothing was written")
    except WorkerDied:
        _fail("a worker process died, maybe for lack of memory: try --jobs 1. Nothing was written")
    except OSError as error:
        _fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))


def _fail(message: str) -> NoReturn:
    print_verdict(f"upsertgen: {message}", good=False)
    sys.exit(BAD_INPUT)


class _Commands(click.Group):
    """Commands that are found by what they may have been meant to be called."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            begins = [one for one in self.list_commands(ctx) if name and one.startswith(name)]
            near = begins[0] if len(begins) == 1 else nearest(name, self.list_commands(ctx))
            hint = f" Did you mean {near!r}?" if near is not None else ""
            ctx.fail(f"No such command {quoted(name)}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=epilog(
        "Specs are one file an object type and API version, beside overlays that correct them:\n"
        "  specs/2025-09/contacts.yaml\n"
        "  specs/2025-09/schemas.yaml          what object types share\n"
        "  specs/overlays/corrections.yaml     OpenAPI Overlay 1.0",
        "A usual day:\n"
        "  upsertgen validate                  is every spec in order?\n"
        "  upsertgen generate --diff           what would change, and why?\n"
        "  upsertgen generate                  write it\n"
        "  upsertgen generate --check          is the output up to date? (for CI)",
    ),
)
@click.version_option(__version__, "--version", "-V", prog_name="upsertgen")
def _group() -> None:
    """Generate typed clients from OpenAPI documents that describe batch upsert endpoints."""


for _command in (
    generate,
    list_specs,
    validate,
    diff_command,
    import_command,
    release_command,
    properties_command,
    templates,
    watch,
    init,
    schema_command,
    reference_command,
    docs_command,
):
    _group.add_command(_command)
