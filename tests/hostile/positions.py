"""Every place of a project where a text can stand, found by walking it.

Each text and each key is a place of its own. A word that stands in several places, such as the name of a
schema and the `$ref`s to it, is a place too: all of them at once, so that what is placed there is not
refused just because the two differ. The names of files and folders and the settings are places as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.hostile.project import Project

_SETTINGS = ("description", "distribution", "distribution_version", "package", "example")


@dataclass(frozen=True)
class Position:
    """A place of a project.

    Attributes:
        name: What it is called in messages.
        put: Returns a project with another text there.
        alone: Whether it concerns the whole run, so that it cannot be tried together with others.
    """

    name: str
    put: Callable[[Project, str], Project]
    alone: bool = False


def positions(project: Project) -> tuple[Position, ...]:
    """Return every place of a project."""
    return tuple(_positions(project))


def _positions(project: Project) -> Iterator[Position]:
    words: Counter[str] = Counter()
    for path, data in project.files.items():
        for way, text, is_key in _texts(data):
            shown = "/".join(map(str, way))
            words[text] += 1
            for name in _named(text):
                words[name] += 1
            kind = "key" if is_key else "value"
            yield Position(f"{kind} {path}#/{shown}", _replacing(path, way, is_key))
    for word, count in sorted(words.items()):
        if count > 1 and not word.startswith(("#", "/", "$")):
            yield Position(f"word {word}", _renaming(word))
    for path in project.files:
        yield Position(f"file {path}", _moving_file(path), alone=path.startswith("overlays/"))
    yield Position("folder v1", _moving_folder("v1"), alone=True)
    for name in _SETTINGS:
        yield Position(f"setting {name}", _setting(name), alone=True)


def _texts(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str, bool]]:
    """Yield the way to each text and to each key, the text, and whether it is a key."""
    if isinstance(value, str):
        yield way, value, False
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*way, key), key, True
            yield from _texts(item, (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*way, index))


def _named(text: str) -> Iterator[str]:
    """Yield the names that a text holds: the end of a `$ref`, and the parameters of a path."""
    if "#/" in text:
        yield text.rpartition("/")[2]
    if text.startswith("/"):
        yield from (part.partition("}")[0] for part in text.split("{")[1:])


def _replacing(path: str, way: tuple[Any, ...], is_key: bool) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        changed = project.copied()
        if not way:
            changed.files[path] = text
            return changed
        parent = changed.files[path]
        for step in way[:-1]:
            parent = parent[step]
        if is_key:
            items = [(text if key == way[-1] else key, item) for key, item in parent.items()]
            parent.clear()
            parent.update(items)
        else:
            parent[way[-1]] = text
        return changed

    return put


def _renaming(word: str) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        pointer = text.replace("~", "~0").replace("/", "~1").replace("%", "%25")

        def renamed(value: Any) -> Any:
            if isinstance(value, dict):
                return {renamed(key): renamed(item) for key, item in value.items()}
            if isinstance(value, list):
                return [renamed(item) for item in value]
            if not isinstance(value, str):
                return value
            if value == word:
                return text
            if "#/" in value and value.endswith(f"/{word}"):
                return value.removesuffix(word) + pointer
            return value.replace(f"{{{word}}}", f"{{{text}}}") if value.startswith("/") else value

        return Project(
            {path: renamed(data) for path, data in project.files.items()}, project.settings
        )

    return put


def _moving_file(path: str) -> Callable[[Project, str], Project]:
    folder, _, name = path.rpartition("/")

    def put(project: Project, text: str) -> Project:
        # What refers to the file follows it, and so do the overlays.
        quoted = text.replace("%", "%25").replace("#", "%23")
        contents = json.dumps({one: data for one, data in project.files.items() if one != path})
        own = json.dumps(project.files[path])
        contents, own = (
            one.replace(f'"{name}#/', f"{json.dumps(quoted + '.json')[:-1]}#/")
            for one in (contents, own)
        )
        pattern = "".join(f"[{one}]" if one in "*?[" else one for one in text)
        contents = contents.replace(f'"{path}"', json.dumps(f"{folder}/{pattern}.json"))
        files = json.loads(contents)
        return Project({**files, f"{folder}/{text}.json": json.loads(own)}, project.settings)

    return put


def _moving_folder(folder: str) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        pattern = "".join(f"[{one}]" if one in "*?[" else one for one in text)
        files: dict[str, Any] = {}
        for path, data in project.files.items():
            own = path.startswith(f"{folder}/")
            moved = json.dumps(data).replace(f'"{folder}/', json.dumps(f"{pattern}/")[:-1])
            files[f"{text}/{path.partition('/')[2]}" if own else path] = json.loads(moved)
        return Project(files, project.settings)

    return put


def _setting(name: str) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        return Project(project.files, {**project.settings, name: text})

    return put
