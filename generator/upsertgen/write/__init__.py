"""Write: files in memory to the output folder, and why each one differs.

Nothing is written before everything is known, each file is replaced in one step, and the manifest comes
last. Files that the manifest does not know are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from upsertgen.write.manifest import MANIFEST, Inputs, Manifest, Output, digest, read_manifest
from upsertgen.write.reasons import reasons_for, reasons_for_removal


class Action(StrEnum):
    """What happens to a file."""

    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class NewFile:
    """A file as it should be.

    Attributes:
        text: Its contents.
        rendered: The digest of what it was made from.
        specs: The spec files it comes from; empty for all.
        template: The template it comes from.
    """

    text: str
    rendered: str
    specs: tuple[str, ...]
    template: str


@dataclass(frozen=True)
class Change:
    """One file that is not as it should be.

    Attributes:
        path: Its path in the output folder, with `/`.
        action: What is to happen to it.
        reasons: Why, in words.
        before: Its contents now, or nothing when there is no such file.
        after: Its contents as they should be, or nothing when it should not be there.
    """

    path: str
    action: Action
    reasons: tuple[str, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What it takes to bring an output folder up to date.

    Attributes:
        changes: The files that are not as they should be, by path.
        unchanged: How many files are.
        manifest: The manifest as it should be.
    """

    changes: tuple[Change, ...]
    unchanged: int
    manifest: Manifest


class OutputFolder:
    """An output folder and what its manifest says about it.

    Attributes:
        manifest: What the last run wrote.

    Args:
        path: The folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest = read_manifest(path)

    def is_current(self, inputs: Inputs) -> bool:
        """Return whether everything was made from these inputs, and nobody changed it since."""
        return self.manifest.inputs == inputs and all(
            self._digest(path) == output.digest for path, output in self.manifest.outputs.items()
        )

    def reuse(self, path: str, rendered: str) -> str | None:
        """Return the text of a file, if the last run made it from just what `rendered` is the digest of."""
        output = self.manifest.outputs.get(path)
        if output is None or output.rendered != rendered:
            return None
        text = self._read(path)
        return text if text is not None and digest(text) == output.digest else None

    def plan(
        self,
        files: Mapping[str, NewFile],
        inputs: Inputs,
        selects: Callable[[str], bool] | None = None,
    ) -> Plan:
        """Compare the folder with the files that should be in it.

        Args:
            files: Every file, by its path.
            inputs: What they were made from.
            selects: Which paths to look at; nothing for all. The manifest keeps what it said about the
                others.
        """
        chosen = selects or (lambda path: True)
        changes: list[Change] = []
        for path, file in files.items():
            change = self._change(path, file, inputs) if chosen(path) else None
            changes += [change] if change else []
        for path, output in self.manifest.outputs.items():
            before = self._read(path) if path not in files and chosen(path) else None
            if before is not None:
                why = tuple(reasons_for_removal(path, output, inputs))
                changes.append(Change(path, Action.REMOVED, why, before, None))
        wanted = {
            path: Output(digest(file.text), file.rendered, file.specs, file.template)
            for path, file in files.items()
        }
        manifest = Manifest(inputs, wanted)
        if selects is not None:
            manifest = self._partial(wanted, inputs, chosen)
        changes.sort(key=lambda change: change.path)
        unchanged = sum(chosen(path) for path in files) - sum(
            change.after is not None for change in changes
        )
        return Plan(tuple(changes), unchanged, manifest)

    def _partial(
        self, wanted: Mapping[str, Output], inputs: Inputs, chosen: Callable[[str], bool]
    ) -> Manifest:
        """Return the manifest after a run that looks at some files: the others keep what it says of them."""
        old = self.manifest.outputs
        outputs = {path: output for path, output in old.items() if not chosen(path)}
        outputs |= {path: output for path, output in wanted.items() if chosen(path)}
        complete = outputs == wanted
        return Manifest(inputs if complete else self.manifest.inputs, dict(sorted(outputs.items())))

    def _change(self, path: str, file: NewFile, inputs: Inputs) -> Change | None:
        before = self._read(path)
        if before == file.text:
            return None
        known = self.manifest.outputs.get(path)
        reasons: list[str] = []
        if known is not None and before is None:
            reasons.append("it was deleted")
        elif known is not None and before is not None and digest(before) != known.digest:
            reasons.append("it was edited by hand")
        if known is None or known.rendered != file.rendered or not reasons:
            reasons += reasons_for(path, file.template, file.specs, self.manifest, inputs)
        action = Action.CREATED if before is None else Action.CHANGED
        return Change(path, action, tuple(reasons), before, file.text)

    def apply(self, plan: Plan) -> None:
        """Bring the folder up to date.

        Raises:
            OSError: A file cannot be written.
        """
        staged: list[tuple[Path, Path]] = []
        try:
            for path, text in self._texts(plan):
                target = self._path / path
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_name(f".{target.name}.upsertgen")
                staged.append((temporary, target))
                temporary.write_bytes(text.encode())
            for temporary, target in staged:
                temporary.replace(target)
        finally:
            for temporary, _ in staged:
                temporary.unlink(missing_ok=True)
        self._remove(change.path for change in plan.changes if change.after is None)

    def _texts(self, plan: Plan) -> list[tuple[str, str]]:
        texts = [(change.path, change.after) for change in plan.changes if change.after is not None]
        if plan.manifest != self.manifest or not (self._path / MANIFEST).is_file():
            texts.append((MANIFEST, plan.manifest.to_json()))
        return texts

    def _remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            target = self._path / path
            target.unlink(missing_ok=True)
            for folder in target.parents:
                if folder == self._path or any(folder.iterdir()):
                    break
                folder.rmdir()

    def _read(self, path: str) -> str | None:
        try:
            return (self._path / path).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None

    def _digest(self, path: str) -> str | None:
        try:
            return digest((self._path / path).read_bytes())
        except OSError:
            return None
