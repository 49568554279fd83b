"""Emit: the Api tree and the templates to files in memory, formatted, and each Python file proven.

What the last run emitted from the same rendered text is taken over, so only what differs is formatted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from upsertgen.configuration import Settings
from upsertgen.emit.drafts import Draft, Drafts, with_twins
from upsertgen.emit.formatting import Formatter, PythonSource, default_jobs
from upsertgen.emit.models import generate_all
from upsertgen.emit.proof import UnprovenFile
from upsertgen.emit.templates import Templates
from upsertgen.ir.tree import Api
from upsertgen.lock.aliases import Aliases
from upsertgen.progress import Progress


@dataclass(frozen=True)
class EmittedFile:
    """One file of the distribution.

    Attributes:
        text: Its contents.
        rendered: The digest of what it was made from, before it was formatted.
        specs: The spec files it comes from, by their path inside the specs folder; empty for all.
        template: The template it comes from.
    """

    text: str
    rendered: str
    specs: tuple[str, ...]
    template: str


Reuse = Callable[[str, str], str | None]
"""Given a path and a digest of its rendered text: the text that is there already, if it is of that digest."""


def emit(
    api: Api,
    templates: Templates,
    settings: Settings,
    reuse: Reuse,
    progress: Progress,
    aliases: Aliases,
    executor: Executor,
) -> dict[str, EmittedFile]:
    """Return every file of the distribution.

    Args:
        api: What to emit.
        templates: How to lay it out.
        settings: How to call it.
        reuse: Returns what an earlier run emitted.
        progress: Told how far it has come.
        aliases: Old names to emit too.
        executor: The worker processes.

    Returns:
        The files by their path, with `/`, in the output folder.

    Raises:
        InvalidInput: A template of the user's own is wrong.
        UnprovenFile: A file is not what it was meant to be.
    """
    drafts = Drafts(api, templates, settings, aliases)
    modules = drafts.classes_modules()
    new = {path: module for path, module in modules.items() if reuse(path, module.rendered) is None}
    tasks = [module.classes.task for module in new.values() if module.classes.task is not None]
    ready: list[Draft] = []
    waiting: list[Draft] = []
    texts: dict[str, str] = {}

    def add(found: Iterable[Draft], *, twins: bool) -> None:
        fresh: list[Draft] = []
        for draft in found:
            known = reuse(draft.path, draft.rendered)
            if known is None and draft.expectation is not None:
                fresh.append(draft)
            else:
                if known is None:
                    _prove(draft, templates)
                texts[draft.path] = draft.text if known is None else known
                ready.append(draft)
            progress("Rendering", len(ready) + len(waiting) + len(fresh), drafts.count)
        if fresh and twins:
            fresh = with_twins(fresh, api, templates, settings, aliases)
        formatter.submit(
            PythonSource(draft.path, draft.text, draft.expectation)
            for draft in fresh
            if draft.expectation
        )
        waiting.extend(fresh)

    formatter = Formatter(executor, settings.jobs or default_jobs())
    generated = executor.submit(generate_all, tasks) if tasks else None
    add(drafts.others(), twins=True)
    results = iter(generated.result() if generated is not None else ())
    add(
        (
            drafts.classes(
                path,
                module,
                next(results) if path in new and module.classes.task is not None else None,
            )
            for path, module in modules.items()
        ),
        twins=False,
    )
    _prove_paths([draft.path for draft in (*ready, *waiting)])
    try:
        texts |= formatter.collect(lambda done, total: progress("Formatting", done, total))
    except UnprovenFile as error:
        draft = next(one for one in waiting if one.path == error.path)
        templates.refuse_override(draft.template, f"{error} once it is rendered")
        raise
    return {
        draft.path: EmittedFile(texts[draft.path], draft.rendered, draft.specs, draft.template)
        for draft in sorted((*ready, *waiting), key=lambda draft: draft.path)
    }


def _prove(draft: Draft, templates: Templates) -> None:
    """Check a file that is no Python; one that the user's own template gives only as far as that goes."""
    try:
        draft.prove()
    except UnprovenFile as error:
        if not templates.files[draft.template].overridden:
            raise
        if not draft.path.endswith(".md"):
            templates.refuse_override(draft.template, f"{error} once it is rendered")


def _prove_paths(paths: list[str]) -> None:
    """Check that no two files have one path, also where case makes no difference.

    Raises:
        UnprovenFile: Two do. Names are chosen by `upsertgen.ir.names`, so this is an error of ours.
    """
    taken: set[str] = set()
    for path in paths:
        if path.casefold() in taken:
            raise UnprovenFile(path, "is the path of two files")
        taken.add(path.casefold())
