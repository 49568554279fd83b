"""A project that uses everything a spec can say, and every place of it where a text can stand.

The project lies in `whole/`, says everything with a word of its own, and is written as JSON, which can hold
any text. Its places are found by walking it: each text and each key is one. A word that stands in several
places, such as the name of a schema and the `$ref`s to it, is a place too: all of them at once, so that
what is placed there is not refused just because the two differ. The names of files and folders and the
settings are places as well.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from upsertgen.specs.document import value_at

_WHOLE = Path(__file__).with_name("whole")
_SETTINGS = ("description", "distribution", "distribution_version", "package", "example")
_NOT_ASCII = re.compile("[\x7f-\uffff]")


@dataclass(frozen=True)
class Project:
    """What a run is given.

    Attributes:
        files: The contents of spec files and overlays, by their path in the specs folder.
        settings: Settings, by their name.
    """

    files: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)

    def copied(self) -> Project:
        """Return a copy that can be changed."""
        return Project(copy.deepcopy(self.files), dict(self.settings))

    def moved(self, version: str) -> Project:
        """Return the same as an API version of another name, so that several are one project."""
        files: dict[str, Any] = {}
        for path, data in self.files.items():
            folder, _, name = path.rpartition("/")
            if folder == "overlays":
                data = copy.deepcopy(data)
                for action in data["actions"]:
                    action["x-documents"] = [
                        f"{version}/{one.partition('/')[2]}" for one in action["x-documents"]
                    ]
                files[f"overlays/{version}-{name}"] = data
            else:
                files[f"{version}/{name}"] = data
        return Project(files, self.settings)

    def write(self, folder: Path) -> None:
        """Write the files.

        Raises:
            OSError: A name is none for a file.
            ValueError: As well.
        """
        for path, data in self.files.items():
            target = folder / path
            if target.parent.parent != folder:
                raise ValueError(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json_of(data), "utf-8")


def json_of(data: Any) -> str:
    """Return JSON data as text that YAML reads as the same, as far as there is any such text."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    # Half a surrogate pair stays an escape sequence, which YAML refuses; it could not be written at all.
    return _NOT_ASCII.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


WHOLE = Project(
    {
        path.relative_to(_WHOLE).with_suffix(".json").as_posix(): yaml.safe_load(path.read_bytes())
        for path in sorted(_WHOLE.rglob("*.yaml"))
    },
    {"description": "Settings description."},
)
"""The whole project."""


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


def positions(project: Project) -> Iterator[Position]:
    """Yield every place of a project."""
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


def nodes(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the way to each node below a value, and the node."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for step, node in items:
        yield (*way, step), node
        if isinstance(node, (dict, list)):
            yield from nodes(node, (*way, step))


def _texts(value: Any) -> Iterator[tuple[tuple[Any, ...], str, bool]]:
    """Yield the way to each key and to each text, the text, and whether it is a key."""
    for way, node in nodes(value):
        if isinstance(way[-1], str):
            yield way, way[-1], True
        if isinstance(node, str):
            yield way, node, False


def _named(text: str) -> Iterator[str]:
    """Yield the names that a text holds: the end of a `$ref`, and the parameters of a path."""
    if "#/" in text:
        yield text.rpartition("/")[2]
    if text.startswith("/"):
        yield from (part.partition("}")[0] for part in text.split("{")[1:])


def _replacing(path: str, way: tuple[Any, ...], is_key: bool) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        changed = project.copied()
        parent = value_at(changed.files[path], way[:-1])
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
        contents = contents.replace(f'"{path}"', json.dumps(f"{folder}/{_pattern(text)}.json"))
        files = json.loads(contents)
        return Project({**files, f"{folder}/{text}.json": json.loads(own)}, project.settings)

    return put


def _pattern(text: str) -> str:
    """Return a pattern of an overlay that matches just this text."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in text)


def _moving_folder(folder: str) -> Callable[[Project, str], Project]:
    def put(project: Project, text: str) -> Project:
        pattern = _pattern(text)
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
