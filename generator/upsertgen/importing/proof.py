"""Whether the specs, as they would be after an import, are in order: everything that `validate` looks at.

They are looked at in a temporary folder, before anything is written. A problem in a file that the import
makes is told where its cause stands: in the published document.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from upsertgen.errors import InvalidInput, Location, Problem, Problems
from upsertgen.importing.writing import FileChange
from upsertgen.inputs import spec_files
from upsertgen.specs.document import Pointer
from upsertgen.specs.yaml_reader import read_yaml

Trace = Callable[[str, Pointer], Location | None]
"""Returns where a place in an imported file was published; nothing for what nobody published."""

_HINT = "or import with --unchecked and correct it in an overlay"


def prove(folder: Path, changes: Mapping[str, FileChange], trace: Trace) -> None:
    """Check the specs as they would be.

    Args:
        folder: The specs folder as it is.
        changes: What is to change in it, by path.
        trace: Leads from imported files to published documents.

    Raises:
        InvalidInput: With every problem of the first stage that finds any.
    """
    # Both are imported late: most of the time of a run that finds nothing to do would go there.
    from upsertgen.ir import understand
    from upsertgen.specs import read

    with tempfile.TemporaryDirectory(prefix="upsertgen-") as temporary:
        draft = Path(temporary, "specs")
        _copy(folder, draft, changes)
        try:
            understand(read(draft))
        except InvalidInput as error:
            told = _Teller(draft.as_posix(), folder.as_posix(), changes, trace)
            raise InvalidInput([told.problem(one) for one in error.problems]) from None


def _copy(folder: Path, draft: Path, changes: Mapping[str, FileChange]) -> None:
    try:
        present = spec_files(folder) if folder.is_dir() else []
    except InvalidInput:
        present = []
    for path in present:
        inside = path.relative_to(folder)
        if inside.as_posix() not in changes:
            (draft / inside.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, draft / inside)
    for change in changes.values():
        if change.after is not None:
            target = draft / change.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(change.after.encode())


class _Teller:
    """Tells problems of the draft as problems of what people have before them."""

    def __init__(
        self, draft: str, folder: str, changes: Mapping[str, FileChange], trace: Trace
    ) -> None:
        self._draft = draft
        self._folder = folder
        self._changes = changes
        self._trace = trace
        self._nodes: dict[str, yaml.Node | None] = {}

    def problem(self, problem: Problem) -> Problem:
        path = problem.location.path.removeprefix(f"{self._draft}/")
        if path in self._changes:
            location = self._published(path, problem.location) or problem.location
            problem = replace(problem, location=location, mend=f"{problem.mend}, {_HINT}")
        return problem.of(self._folder, self._draft)

    def _published(self, path: str, location: Location) -> Location | None:
        if path not in self._nodes:
            text = self._changes[path].after or ""
            parsed = read_yaml(text, path, Problems())
            self._nodes[path] = parsed[1] if parsed else None
        node = self._nodes[path]
        return self._trace(path, _pointer(node, location) if node is not None else ())


def _pointer(node: yaml.Node, location: Location) -> Pointer:
    """Return the way to the innermost node that begins at a place or before it."""
    pointer: list[str | int] = []
    while (location.line, location.column) > (1, 1):
        steps: list[tuple[str | int, yaml.Node, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            steps = [(key.value, key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            steps = [(index, item, item) for index, item in enumerate(node.value)]
        fitting = [
            (step, value)
            for step, start, value in steps
            if (start.start_mark.line + 1, start.start_mark.column + 1)
            <= (location.line, location.column)
        ]
        if not fitting:
            return tuple(pointer)
        step, node = fitting[-1]
        pointer.append(step)
    return ()
