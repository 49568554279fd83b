"""The overlay that says what makes operations batch upserts: each word that was guessed is marked as such."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import yaml

from upsertgen.errors import printable
from upsertgen.inputs import editor_comment
from upsertgen.new_project.guesses import Guess, Word

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_EDITOR = f"# {editor_comment('overlays')}"
_HEAD = """\
overlay: 1.0.0
info: {title: What makes the operations batch upserts, version: 1.0.0}
"""
_ADVICE = """\
# Guessed by 'upsertgen init' from the bodies of the published document, which say what fields are called,
# and not what they mean. Compare each word with the API's reference or a recorded answer, and remove its
# mark. What a word means, your editor shows, and 'upsertgen schema overlays' says.
"""


@dataclass(frozen=True)
class Action:
    """What is said of one operation.

    Attributes:
        object_type: The object type, which is the name of its file.
        path: Its path.
        method: Its method.
        alone: Whether its file has no other operation of that method.
        guess: What it is said to be.
    """

    object_type: str
    path: str
    method: str
    alone: bool
    guess: Guess

    @property
    def target(self) -> str:
        """The JSONPath that finds it: in later API versions as well, where that is possible."""
        if self.alone:
            return f"$.paths.*.{self.method}"
        name = self.path.replace("\\", "\\\\").replace("'", "\\'")
        return f"$.paths['{name}'].{self.method}"

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def alike(actions: Iterable[Action]) -> list[list[Action]]:
    """Return actions in groups of which all the same is said."""
    groups: dict[object, list[Action]] = {}
    for one in actions:
        groups.setdefault((one.target, one.guess.words, one.guess.obstacle), []).append(one)
    return [*groups.values()]


def overlay_text(actions: Iterable[Action]) -> str:
    """Return the overlay of some operations, of which each is a batch upsert; empty where there are none."""
    guessed = alike(one for one in actions if one.guess.words)
    lines = [line for group in guessed for line in _action(group)]
    if not lines:
        return ""
    return f"{_EDITOR}\n{_ADVICE}{_HEAD}actions:\n" + "".join(f"{one}\n" for one in lines)


def servers_text(url: str, documents: Iterable[str]) -> str:
    """Return an overlay that gives documents their server.

    Args:
        url: Its address.
        documents: The documents, by their path in the specs folder.
    """
    named = ", ".join(map(scalar, documents))
    return (
        f"{_EDITOR}\n"
        "overlay: 1.0.0\n"
        "info: {title: What the published document leaves out, version: 1.0.0}\n"
        "actions:\n"
        "  - target: $\n"
        "    description: The document names no server that a client could call.\n"
        "    x-source: [chosen]\n"
        f"    x-documents: [{named}]\n"
        "    update:\n"
        f"      servers: [{{url: {scalar(url)}}}]\n"
    )


def scalar(text: str) -> str:
    """Return a text as YAML: without quotes where it is a plain name to every reader."""
    if _PLAIN.match(text) and yaml.safe_load(text) == text and len(text) > 1:
        return text
    quoted: str = yaml.safe_dump(text, default_style='"', width=math.inf)
    return quoted.rstrip("\n")


def _action(group: list[Action]) -> Iterator[str]:
    action = group[0]
    documents = dict.fromkeys(f"*/{one.object_type}.yaml" for one in group)
    yield f"  - target: {scalar(action.target)}"
    yield "    description: Guessed by 'upsertgen init'; check each word."
    yield "    x-source: [guessed]"
    yield f"    x-documents: [{', '.join(map(scalar, documents))}]"
    yield "    update:"
    yield "      x-upsert:"
    words = [one for one in action.guess.words if "." not in one.spelling]
    yield from (_line(one, one.spelling, 8) for one in words)
    within = [one for one in action.guess.words if "." in one.spelling]
    for owner, several in groupby(within, key=lambda one: one.spelling.partition(".")[0]):
        yield f"        {owner}:"
        yield from (_line(one, one.spelling.partition(".")[2], 10) for one in several)
    for one in action.guess.open:
        yield f"        # not guessed: {printable(one)}"


def _line(word: Word, spelling: str, indent: int) -> str:
    value = word.value
    shown = scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value))}]"
    said = f"{' ' * indent}{spelling}: {shown}"
    return f"{said}  # guessed: {printable(word.reason)}; check it"
