"""What `init` tells: what was written, what was guessed, what could not be, and the next step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from upsertgen.new_project.overlay import Action, alike
from upsertgen.new_project.plan import OVERLAY, ProjectPlan

_FOLDED = 3
"""How many files of a folder are listed; of more, the number."""


def lines(plan: ProjectPlan) -> Iterator[str]:
    """Yield what a person is told about a new project, the next step last."""
    yield from _written(plan)
    for path in plan.kept:
        yield f"kept     {path}: it is there already; --force writes over it"
    for note in dict.fromkeys(plan.notes):
        yield f"note: {note}"
    guessed = [one for one in plan.guesses if one.guess.words]
    for group in alike(plan.guesses):
        yield from _guessed(group)
    overlay = f"{plan.specs}/{OVERLAY}"
    if plan.folder != Path():
        yield f"All paths are those in {plan.folder}: cd {shlex.quote(str(plan.folder))}"
    if guessed:
        yield f"Next: check each word marked 'guessed' in {overlay}, then run 'make test'."
    elif plan.guesses:
        yield "The client has a method for each operation, and none for any number of records."
        yield f"Next: run 'make test'. What is a batch upsert all the same, an overlay can say: {overlay}."
    else:
        yield f"Next: fill in {plan.spec}, run 'make', then 'make test'."


def _written(plan: ProjectPlan) -> Iterator[str]:
    folders: dict[str, list[str]] = {}
    for path in plan.files:
        top = path.split("/")[0]
        folders.setdefault(top if "/" in path else "", []).append(path)
    for folder, paths in folders.items():
        hidden = [one for one in paths if "/." in one]
        shown = [one for one in paths if one not in hidden]
        if folder and len(shown) > _FOLDED and folder != plan.specs:
            yield f"wrote    {folder}/: {len(paths)} files"
            continue
        yield from (f"wrote    {path}" for path in shown)
        if folder and hidden:
            yield f"wrote    {folder}/: {len(hidden)} more, hidden"


def _guessed(group: list[Action]) -> Iterator[str]:
    guess = group[0].guess
    for one in group:
        yield f"not guessed: {one}: {guess.obstacle}" if guess.obstacle else f"guessed: {one}"
    for word in guess.words:
        value = word.value if isinstance(word.value, str) else ", ".join(word.value)
        yield f"  {word.spelling}: {value}  ({word.reason})"
    for reason in guess.open:
        yield f"  not guessed: {reason}"
