"""`upsertgen templates`: which templates there are, and one's own in the place of a single one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from upsertgen.commands.messages import print_verdict
from upsertgen.commands.options import (
    configuration_to_change,
    epilog,
    nearest_configuration,
    settings_options,
    verbatim,
)
from upsertgen.configuration import read_configuration, shown_path, with_setting
from upsertgen.errors import Location, Problems, did_you_mean, printable, quoted
from upsertgen.write.transaction import FolderChange, commit

_FOLDER = Path("templates")


@click.group()
def templates() -> None:
    """Show the templates, and copy single ones into the project to change them."""


@templates.command(
    "list",
    epilog=epilog(
        "Examples:\n  upsertgen templates list\n  upsertgen templates list --config a/pyproject.toml"
    ),
)
@settings_options("templates")
def list_templates(config: Path | None, **flags: Any) -> None:
    """Show every template; * marks those that the project replaces.

    The path of a template is that of its output, with 'package' for the generated package, 'version' for
    an API version and 'resource' for an object type. What does not end in .jinja is copied as it is.
    """
    from upsertgen.emit.templates import Templates

    settings = read_configuration(nearest_configuration(config), flags)
    for name, file in Templates(settings.templates).files.items():
        click.echo(f"{'*' if file.overridden else ' '} {printable(name)}")


@templates.command(
    epilog=verbatim(
        "Examples:\n"
        "  upsertgen templates eject package/version/resource.py.jinja\n"
        "  upsertgen templates eject README.md.jinja --force"
    )
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--force", is_flag=True, help="Replace what the project has of this name.")
@settings_options("templates")
def eject(names: tuple[str, ...], force: bool, config: Path | None, **flags: Any) -> None:
    """Copy templates into the project, where they replace upsertgen's own.

    NAME is a path that 'upsertgen templates list' shows. Where no folder is set, it is 'templates', and
    [tool.upsertgen] says so afterwards. What upsertgen changes in its own template later is not in the
    copy: keep only those that differ.
    """
    from upsertgen.emit.templates import Templates

    path = nearest_configuration(config)
    settings = read_configuration(path, flags)
    ours = Templates(None).files
    folder = settings.templates
    if folder is None:
        folder = shown_path((path.parent if path is not None else Path()) / _FOLDER, "templates")
    problems = Problems()
    for name in names:
        if name not in ours:
            problems.add(
                Location("NAME", 0),
                f"no template is called {quoted(name)}",
                "a path that 'upsertgen templates list' shows",
                did_you_mean(name, ours, "choose one of them", cutoff=0.4),
            )
        elif (folder / name).exists() and not force:
            problems.add(
                Location((folder / name).as_posix(), 0),
                "the project has this template already",
                "a template that is not there yet",
                "change that one, or replace it with --force",
            )
    problems.raise_if_any()
    changes = [FolderChange(folder, {one: ours[one].path.read_bytes() for one in names})]
    if settings.templates is None:
        path = configuration_to_change(config)
        old = path.read_bytes()
        new = with_setting(old, "templates", _FOLDER.as_posix())
        files, before = {path.name: new}, {path.name: old}
        changes.append(FolderChange(path.parent, files, in_one_step=False, before=before))
    commit(*changes)
    for name in names:
        click.echo(f"created  {printable((folder / name).as_posix())}")
    print_verdict("Next: change it, and see what becomes of it with 'upsertgen generate --diff'.")
