"""The whole distribution: every file, formatted and proven, taken over from the last run where it can be."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

from upsertgen.configuration import Settings
from upsertgen.emit.dcg import generate_all
from upsertgen.emit.drafts import Draft
from upsertgen.emit.files import Files
from upsertgen.emit.formatting import Formatter, PythonSource
from upsertgen.emit.proof import UnprovenFile
from upsertgen.emit.templates import Templates
from upsertgen.emit.twin import HarmlessTexts, Twin
from upsertgen.ir.tree import Api
from upsertgen.progress import Progress
from upsertgen.public_name import Aliases
from upsertgen.write import NewFile

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
    jobs: int,
) -> dict[str, NewFile]:
    """Return every file of the distribution.

    Args:
        api: What to emit.
        templates: How to lay it out.
        settings: How to call it.
        reuse: Returns what an earlier run emitted.
        progress: Told how far it has come.
        aliases: Old names to emit too.
        executor: The worker processes.
        jobs: How many there are.

    Returns:
        The files by their path, with `/`, in the output folder.

    Raises:
        InvalidInput: A template of the user's own is wrong.
        UnprovenFile: A file is not what it was meant to be.
    """
    files = Files(api, templates, settings, aliases)
    formatter = Formatter(executor, jobs)
    found: dict[str, NewFile] = {}
    paths: set[str] = set()

    def add(path: str, file: NewFile) -> None:
        if path.casefold() in paths:
            # Names are chosen by `upsertgen.ir.names`, so this is an error of ours.
            raise UnprovenFile(path, "is the path of two files")
        paths.add(path.casefold())
        found[path] = file
        progress("Rendering", len(found), files.count)

    @functools.cache
    def twins() -> tuple[dict[str, Draft], dict[str, frozenset[str]]]:
        harmless = HarmlessTexts()
        drafts = Files(harmless.tree(api), templates, settings, aliases).drafts()
        return {one.path: one for one in drafts}, harmless.stood_for()

    def twin_of(draft: Draft) -> Twin:
        if templates.files[draft.template].overridden:
            return Twin(draft.render(True), exact=False)
        drafts, texts = twins()
        return Twin(drafts[draft.path].text, texts)

    models = [(one, reuse(one.path, one.rendered)) for one in files.models()]
    tasks = [one.task for one, known in models if known is None and one.task is not None]
    generated = executor.submit(generate_all, tasks) if tasks else None
    fresh: list[PythonSource] = []
    for draft in files.drafts():
        known = reuse(draft.path, draft.rendered)
        if known is None and draft.is_python:
            # Twins are rendered while the workers format.
            fresh.append(PythonSource(draft.path, draft.text, functools.partial(twin_of, draft)))
        elif known is None:
            _prove(draft, templates)
        text = draft.text if known is None else known
        add(draft.path, NewFile(text, draft.rendered, draft.specs, draft.template))
    formatter.submit(fresh)
    classes = iter(generated.result() if generated is not None else ())
    for one, known in models:
        text = known or ""
        if known is None:
            text, twin = files.models_text(one, next(classes) if one.task is not None else None)
            formatter.submit([PythonSource(one.path, text, twin)])
        add(one.path, NewFile(text, one.rendered, (), one.template))
    try:
        texts = formatter.collect(lambda done, total: progress("Formatting", done, total))
    except UnprovenFile as error:
        templates.refuse_override(found[error.path].template, f"{error} once it is rendered")
        raise
    return {
        path: replace(file, text=texts.get(path, file.text)) for path, file in sorted(found.items())
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
