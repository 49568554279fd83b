"""`upsertgen init`: a new project, from a published document or by hand, to a client that works."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upsertgen.commands.messages import print_note, print_notes
from upsertgen.commands.options import PATH, verbatim
from upsertgen.errors import printable
from upsertgen.progress import progress_bar

if TYPE_CHECKING:
    from upsertgen.new_project import NewProject, ProjectPlan


@click.command(
    "init",
    short_help="Begin a project: settings, first spec, overlay, Makefile, workflow, client.",
    epilog=verbatim(
        "Examples:\n"
        "  upsertgen init --from openapi.json\n"
        "  upsertgen init --from openapi.json --select contacts/batch --api-version v1\n"
        "  upsertgen init crm --package crm_upsert --build-hook\n"
        "  upsertgen init --yes",
        "Exit codes: 0 done, 2 bad input or usage.",
    ),
)
@click.argument("folder", type=PATH, default=Path())
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="A published document (JSON or YAML, OpenAPI 3.0 or 3.1). [default: a spec to fill in]",
)
@click.option(
    "--select",
    metavar="[METHOD] ENDING",
    multiple=True,
    help="Take the operations whose path ends so, such as 'POST /items/{id}'; repeatable. [default: those "
    "of batch upserts]",
)
@click.option(
    "--api-version",
    metavar="V",
    help="The API version. [default: the one that the paths name, or v1]",
)
@click.option(
    "--object-type", metavar="TYPE", help="The object type. [default: what the paths name]"
)
@click.option("--server", metavar="URL", help="The address of the API, if the document names none.")
@click.option(
    "--package", metavar="NAME", help="Import name of the client. [default: the folder's]"
)
@click.option(
    "--descriptions",
    type=click.Choice(("keep", "drop")),
    default="drop",
    show_default=True,
    help="What to do with published texts, which may not be yours to copy.",
)
@click.option(
    "--build-hook/--no-build-hook",
    default=None,
    help="Make the clients whenever the project is built, with hatchling. [default: commit them]",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--yes", is_flag=True, help="Ask nothing, on a terminal neither.")
def init(folder: Path, yes: bool, **flags: Any) -> None:
    """Begin a project in FOLDER: the current one, empty or not.

    Writes settings, the first spec, an overlay that says what makes its operations batch upserts, a
    Makefile, a workflow for GitHub Actions, a test, and the client. On a terminal, what no flag says is
    asked.

    What the overlay says is guessed from the bodies of the document: each word is marked, with its reason,
    to be compared with the API's reference. What cannot be guessed is said. All is written, or nothing;
    what is there stays, unless --force is given.
    """
    from upsertgen.new_project import plan_project
    from upsertgen.write.folder_locks import locked
    from upsertgen.write.transaction import recovered

    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        flags = _asked(folder, flags)
    with progress_bar() as progress, locked(folder):
        recovered([folder] if folder.is_dir() else [], print_note)
        plan = plan_project(_project(folder, **flags), progress)
        plan.apply()
    _print(plan)


def _asked(folder: Path, flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags, with answers where none were given."""
    from upsertgen.new_project.defaults import default_package

    answers = dict(flags)
    if answers["source"] is None:
        text = "Published OpenAPI document (empty: a spec to fill in)"
        answers["source"] = click.prompt(text, default="", show_default=False) or None
    if answers["api_version"] is None:
        text = "API version (empty: the one that the paths name, or v1)"
        answers["api_version"] = click.prompt(text, default="", show_default=False) or None
    if answers["package"] is None:
        answers["package"] = click.prompt(
            "Import name of the client", default=default_package(folder)
        )
    if answers["build_hook"] is None:
        text = "Make the clients whenever the project is built, instead of committing them?"
        answers["build_hook"] = click.confirm(text, default=False)
    return answers


def _project(
    folder: Path,
    *,
    source: str | None,
    select: tuple[str, ...],
    api_version: str | None,
    object_type: str | None,
    server: str | None,
    package: str | None,
    descriptions: str,
    build_hook: bool | None,
    force: bool,
) -> NewProject:
    from upsertgen.configuration import Settings
    from upsertgen.new_project import NewProject
    from upsertgen.new_project.defaults import default_package

    settings = Settings().with_flags({"package": package or default_package(folder)})
    return NewProject(
        folder,
        settings,
        source,
        select,
        api_version,
        object_type,
        server,
        keep_texts=descriptions == "keep",
        ships_clients=bool(build_hook),
        force=force,
    )


def _print(plan: ProjectPlan) -> None:
    """Print what was written, what was guessed, and the next step last."""
    from upsertgen.new_project.report import lines

    print_notes(plan.located)
    for line in lines(plan):
        click.echo(printable(line))
