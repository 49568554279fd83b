"""`upsertgen docs`: the pages of documentation, and the site that is built of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from upsertgen.commands.generate import print_changed, run_generator, summary
from upsertgen.commands.messages import print_problems, print_verdict
from upsertgen.commands.options import epilog, nearest_configuration, settings_options
from upsertgen.errors import InvalidInput
from upsertgen.inputs import DOCS
from upsertgen.run import PAGES, Selection

BAD_INPUT = 2
DEFAULT_ADDRESS = "127.0.0.1:8000"


@click.command(
    "docs",
    short_help="Write the pages of documentation, and build a site of them.",
    epilog=epilog(
        "Examples:\n" "  upsertgen docs\n" "  upsertgen docs --serve\n" "  upsertgen docs --pages",
        "What people write stands in docs/ of the specs folder: pages in Markdown, pictures, and\n"
        "navigation.yaml, which lists the pages in their order.",
        "With 'docs = true' in [tool.upsertgen], 'generate' keeps the pages up to date as well.\n"
        "Beside --serve, 'upsertgen watch' in another terminal then follows changes of specs.",
    ),
)
@settings_options()
@click.option("--pages", is_flag=True, help="Write the pages and build no site.")
@click.option(
    "--serve",
    is_flag=True,
    help="Serve the site until Ctrl-C, without the Markdown of its pages, and follow changes of pages.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help=f"Where to serve it, with --serve. [default: {DEFAULT_ADDRESS}]",
)
@click.option(
    "--force",
    is_flag=True,
    help="Also replace files and symlinks that no run has written; without it, they stop the run.",
)
def docs_command(
    config: Path | None, pages: bool, serve: bool, address: str | None, force: bool, **flags: Any
) -> None:
    """Bring the output folder and the pages of its documentation up to date, and build a site of them.

    The pages stand in docs/pages of the output folder: one for each object type of each API version, of what
    versions changed, of the classes of the client, and those that people wrote. The site stands beside them,
    in docs/site; it needs nothing from elsewhere to be looked at, and can be opened as a file.
    """
    if pages and serve:
        raise click.UsageError("choose one of --pages and --serve")
    if address is not None and not serve:
        raise click.UsageError("--address says where --serve serves the site: give both")
    address = address or DEFAULT_ADDRESS
    if serve:
        from upsertgen.docs.site import check_address

        check_address(address)
    path = nearest_configuration(config)
    settings, planned = run_generator(path, flags, Selection(), force=force, docs=True)
    print_changed(settings, planned, "text")
    print_verdict(summary(planned, settings.output, written=True))
    if pages:
        return
    from upsertgen.docs.site import build_site, serve_site

    folder = settings.output / PAGES
    if serve:
        raise click.exceptions.Exit(serve_site(folder, address))
    try:
        site = build_site(folder, settings.specs / DOCS)
    except KeyboardInterrupt:
        print_verdict("stopped; the pages are written, and the site is not", good=False)
        raise click.exceptions.Exit(BAD_INPUT) from None
    except InvalidInput as error:
        print_problems(error, "text", "the pages are written, and the site is not as it should be")
        raise click.exceptions.Exit(BAD_INPUT) from None
    click.echo(f"The site is built: open {(site / 'index.html').as_posix()}", err=True)
