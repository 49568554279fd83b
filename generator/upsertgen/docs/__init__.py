"""Docs: the pages of documentation, as Markdown that people and tools read, and a site is built of.

In come the Api tree, the files of the distribution, and the pages that people wrote (`docs/` in the specs
folder); out come files for `docs/` in the output folder. `reference` makes a page of each object type of each
version, `versions` of what each version changed, `classes` of the modules of the package, `guides` takes over
what people wrote, and `book` puts all of them in order. `site` has the documentation tool build a site.
Start with `pages_of`.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsertgen.configuration import Settings
from upsertgen.diff.sources import Understood
from upsertgen.docs.book import book_files
from upsertgen.docs.page import Sources
from upsertgen.emit.templates import Templates
from upsertgen.public_name import Aliases
from upsertgen.write import NewFile

__all__ = ["pages_of"]


def pages_of(
    understood: Understood,
    settings: Settings,
    templates: Templates,
    aliases: Aliases,
    files: Mapping[str, NewFile],
) -> dict[str, NewFile]:
    """Return the files of the documentation, by their path in its folder, with `/`.

    Args:
        understood: The specs, as published and as corrected.
        settings: What the distribution is called, and where its specs are.
        templates: How pages are laid out.
        aliases: Old names that the distribution has, too.
        files: The files of the distribution.

    Raises:
        InvalidInput: A page that people wrote cannot be read or is missing, or a template of the user's own
            is wrong.
        UnprovenFile: A page is not what it was meant to be.
    """
    return book_files(Sources(understood, settings, templates, aliases, files))
