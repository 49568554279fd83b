"""An output folder: what stands in it, what should, why the two differ, and how it is brought up to date."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Note, Problems
from upsertgen.file_names import refuse_names
from upsertgen.write.folders import content_of, parents_of
from upsertgen.write.manifest import (
    MANIFEST,
    Inputs,
    Manifest,
    Output,
    as_bytes,
    as_text,
    digest,
    read_manifest,
    reasons_for,
    reasons_for_removal,
)
from upsertgen.write.transaction import FolderChange, commit


class Action(StrEnum):
    """What happens to a file."""

    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class NewFile:
    """A file as it should be.

    Attributes:
        text: Its contents, as `as_text` gives them.
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
class OutputPlan:
    """What it takes to bring an output folder up to date.

    Attributes:
        changes: The files that are not as they should be, by path.
        unchanged: How many files are.
        manifest: The manifest as it should be.
        record: The record of public names, if it is not as it should be. It stands with the specs, and its
            path is that of the file.
        displaced: Links, and files where a folder has to be, that give way because of `--force`.
        notes: What has to be said about the specs; nothing where they were not read, for nothing changed.
    """

    changes: tuple[Change, ...]
    unchanged: int
    manifest: Manifest
    record: Change | None = None
    displaced: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def refuse_symlink(folder: Path) -> None:
    """Make sure that the output folder does not lead somewhere else.

    Raises:
        InvalidInput: It is a symlink.
    """
    if folder.is_symlink():
        raise InvalidInput.at(
            Location(folder.as_posix(), 0),
            "the output folder is a symlink, which is not followed",
            "a folder",
            "remove the link, or name the folder it leads to with --output",
        )


class OutputFolder:
    """An output folder and what its manifest says about it.

    Attributes:
        manifest: What the last run wrote.

    Args:
        path: The folder; it need not exist.

    Raises:
        InvalidInput: The folder is a symlink.
    """

    def __init__(self, path: Path) -> None:
        refuse_symlink(path)
        self._path = path
        self.manifest = read_manifest(path)

    def is_current(self, inputs: Inputs) -> bool:
        """Return whether everything was made from these inputs, and nobody changed it since."""
        return self.manifest.inputs == inputs and all(
            (content := self._bytes(path)) is not None and digest(content) == output.digest
            for path, output in self.manifest.outputs.items()
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
        selects: Callable[[str], bool] = lambda path: True,
        *,
        force: bool = False,
    ) -> OutputPlan:
        """Compare the folder with the files that should be in it.

        Args:
            files: Every file, by its path.
            inputs: What they were made from.
            selects: Which paths to look at. The manifest keeps what it said about the others.
            force: Whether to write over what no run has written.

        Raises:
            InvalidInput: Something that no run has written stands in the way, or a file cannot have the
                name that it should have.
        """
        refuse_names(self._path, {path: file.specs for path, file in files.items()})
        selected = {path: file for path, file in files.items() if selects(path)}
        displaced = self._displaced(selected, force=force)
        changes = [
            change
            for path, file in selected.items()
            if (change := self._change(path, file, inputs)) is not None
        ]
        unchanged = len(selected) - len(changes)
        for path, output in self.manifest.outputs.items():
            before = self._read(path) if path not in files and selects(path) else None
            if before is not None:
                why = tuple(reasons_for_removal(output, inputs))
                changes.append(Change(path, Action.REMOVED, why, before, None))
        manifest = self._manifest_after(files, inputs, selects)
        changes.sort(key=lambda change: change.path)
        return OutputPlan(tuple(changes), unchanged, manifest, displaced=displaced)

    def _manifest_after(
        self, files: Mapping[str, NewFile], inputs: Inputs, selects: Callable[[str], bool]
    ) -> Manifest:
        """Return the manifest after a run: what it does not look at keeps what the manifest says of it."""
        old = self.manifest.outputs
        wanted = {
            path: Output(digest(file.text), file.rendered, file.specs, file.template)
            for path, file in files.items()
        }
        outputs = {path: output for path, output in old.items() if not selects(path)}
        outputs |= {path: output for path, output in wanted.items() if selects(path)}
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

    def _displaced(self, files: Mapping[str, NewFile], *, force: bool) -> tuple[str, ...]:
        """Find what no run has written and stands where files have to be.

        Args:
            files: The files to be written.
            force: Whether it may be displaced. Folders never are.

        Returns:
            Links, and files in the place of folders. Plain files are simply written over.

        Raises:
            InvalidInput: With everything that must stay.
        """
        problems = Problems()
        kinds: dict[str, str] = {}
        displaced: list[str] = []
        # The manifest may be written over whatever is in it, but not elsewhere through a symlink.
        for path in (*files, MANIFEST):
            for place in (*parents_of(path), path):
                if place not in kinds:
                    kinds[place] = kind = self._kind(place)
                    if not kind or self._may_be_there(place, kind, path, files):
                        pass
                    elif kind == "folder" or not force:
                        wanted = "file has to be written" if place == path else "folder has to be"
                        offer = "" if kind == "folder" else ", or use --force to replace it"
                        problems.add(
                            Location((self._path / place).as_posix()),
                            f"this {kind} is not of upsertgen, and stands where a {wanted}",
                            "an output folder of its own",
                            f"move it away, or choose another --output{offer}",
                        )
                    elif kind != "file" or place != path:
                        displaced.append(place)
                if kinds[place] != "folder":
                    break
        problems.raise_if_any()
        return tuple(displaced)

    def _may_be_there(self, place: str, kind: str, path: str, files: Mapping[str, NewFile]) -> bool:
        """Return whether a run may have made what stands on the way to a file, or in its place."""
        if place != path:
            return kind == "folder"
        own = path == MANIFEST or path in self.manifest.outputs
        return kind == "file" and (own or self._read(path) == files[path].text)

    def apply(self, plan: OutputPlan, *inside: FolderChange) -> None:
        """Bring the folder up to date, and the record of public names: everything or nothing.

        Args:
            plan: What it takes.
            inside: What is to change together with it in folders inside it.

        Raises:
            InvalidInput: Somebody else has changed the record since.
            OSError: A file cannot be written. Nothing has changed.
        """
        record = plan.record
        if record is None or record.after is None:
            commit(self.change(plan, *inside))
            return
        path = Path(record.path)
        before = record.before.encode() if record.before is not None else None
        names = FolderChange(
            path.parent,
            {path.name: record.after.encode()},
            in_one_step=False,
            before={path.name: before},
        )
        # The record comes first, because runs with another output may write it as well.
        commit(names, self.change(plan, *inside))

    def change(self, plan: OutputPlan, *inside: FolderChange) -> FolderChange:
        """Return what a plan changes in the folder, with what changes in folders inside it."""
        files: dict[str, bytes | None] = dict.fromkeys(plan.displaced)
        # What goes, goes first: names may be the same where case does not count.
        files |= {change.path: None for change in plan.changes if change.after is None}
        for change in plan.changes:
            if change.after is not None:
                files[change.path] = as_bytes(change.after)
        if plan.manifest != self.manifest or self._kind(MANIFEST) != "file":
            files[MANIFEST] = plan.manifest.to_json().encode()
        for one in inside:
            place = one.folder.relative_to(self._path)
            files |= {(place / path).as_posix(): content for path, content in one.files.items()}
        return FolderChange(self._path, files)

    def _kind(self, path: str) -> str:
        """Return what stands somewhere: `file`, `folder`, `symlink`, `special file`, or nothing."""
        try:
            mode = (self._path / path).lstat().st_mode
        except OSError:
            return ""
        if stat.S_ISLNK(mode):
            return "symlink"
        if stat.S_ISDIR(mode):
            return "folder"
        return "file" if stat.S_ISREG(mode) else "special file"

    def _bytes(self, path: str) -> bytes | None:
        """Return the contents of a file, if it is one and no symlink on the way leads elsewhere."""
        try:
            found = content_of(self._path, path)
        except OSError:
            return None
        return found[1] if found is not None and found[0] == "file" else None

    def _read(self, path: str) -> str | None:
        content = self._bytes(path)
        return as_text(content) if content is not None else None
