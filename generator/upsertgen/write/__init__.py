"""Write: files in memory to folders, in one transaction, and why each file of the output differs.

In come the files that should be there (`NewFile`, from `emit`) and what they were made from; out come a
`Plan` of what differs and why, and folders that are as before or complete. Start with `OutputFolder`:
`plan` compares and writes nothing, `apply` writes.

Everything that `generate`, `import` and `release` write goes through `transaction.commit`: files of several
folders are staged, one rename commits all of them, and only then do the folders change. `recover`, with
which every run that writes begins, completes what a killed run had committed and removes what it had not;
`locking` keeps runs apart. What the manifest does not know, and every symlink, is left alone; where it
stands in the way, the run is refused. The output folder itself must not be a symlink either: a run writes
where it is told to, and nowhere else.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem, Problems
from upsertgen.write.changes import Action, Change, NewFile, Plan
from upsertgen.write.file_names import refuse_names
from upsertgen.write.manifest import MANIFEST, Inputs, Manifest, Output, digest, read_manifest
from upsertgen.write.reasons import reasons_for, reasons_for_removal
from upsertgen.write.transaction import FolderChange, commit

__all__ = ["Action", "Change", "NewFile", "OutputFolder", "Plan", "refuse_symlink"]


def refuse_symlink(folder: Path) -> None:
    """Make sure that the output folder does not lead somewhere else.

    Raises:
        InvalidInput: It is a symlink.
    """
    if folder.is_symlink():
        raise InvalidInput(
            [
                Problem(
                    Location(folder.as_posix(), 0),
                    "the output folder is a symlink, which is not followed",
                    "a folder",
                    "remove the link, or name the folder it leads to with --output",
                )
            ]
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
        self._folders: dict[str, bool] = {}
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
        *,
        force: bool = False,
    ) -> Plan:
        """Compare the folder with the files that should be in it.

        Args:
            files: Every file, by its path.
            inputs: What they were made from.
            selects: Which paths to look at; nothing for all. The manifest keeps what it said about the
                others.
            force: Whether to write over what no run has written.

        Raises:
            InvalidInput: Something that no run has written stands in the way, or a file cannot have the
                name that it should have.
        """
        chosen = selects or (lambda path: True)
        refuse_names(self._path, {path: file.specs for path, file in files.items()})
        written = {path: file for path, file in files.items() if chosen(path)}
        displaced = tuple(self._displaced(written, force=force))
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
        return Plan(tuple(changes), unchanged, manifest, displaced=displaced)

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

    def _displaced(self, files: Mapping[str, NewFile], *, force: bool) -> Iterator[str]:
        """Find what no run has written and stands where files have to be.

        Args:
            files: The files to be written.
            force: Whether it may be displaced. Folders never are.

        Yields:
            Links, and files in the place of folders. Plain files are simply written over.

        Raises:
            InvalidInput: With everything that must stay.
        """
        problems = Problems()
        seen: set[str] = set()
        # The manifest may be written over whatever is in it, but not elsewhere through a symlink.
        for path in (*files, MANIFEST):
            parts = path.split("/")
            for count in range(1, len(parts) + 1):
                place = "/".join(parts[:count])
                if place in seen:
                    continue
                seen.add(place)
                last = count == len(parts)
                kind = self._kind(place)
                found = kind
                if kind == "file" and last:
                    own = path == MANIFEST or path in self.manifest.outputs
                    found = "" if own or self._read(path) == files[path].text else kind
                elif kind == "folder" and not last:
                    found = ""
                if found and (found == "folder" or not force):
                    problems.add(*self._in_the_way(place, found, folder=not last))
                elif found and not (found == "file" and last):
                    yield place
                if kind != "folder":
                    break
        problems.raise_if_any()

    def _in_the_way(self, path: str, found: str, *, folder: bool) -> tuple[Location, str, str, str]:
        wanted = "folder has to be" if folder else "file has to be written"
        force = "" if found == "folder" else ", or use --force to replace it"
        return (
            Location((self._path / path).as_posix()),
            f"this {found} is not of upsertgen, and stands where a {wanted}",
            "an output folder of its own",
            f"move it away, or choose another --output{force}",
        )

    def apply(self, plan: Plan) -> None:
        """Bring the folder up to date, and the record of public names: everything or nothing.

        Raises:
            InvalidInput: Somebody else has changed the record since.
            OSError: A file cannot be written. Nothing has changed.
        """
        changes = [self.change(plan)]
        if plan.lock is not None and plan.lock.after is not None:
            # First, because runs with another output may write it as well.
            changes.insert(0, _record_change(plan.lock, plan.lock.after))
        commit(*changes)

    def change(self, plan: Plan) -> FolderChange:
        """Return what a plan changes in the folder."""
        files: dict[str, bytes | None] = dict.fromkeys(plan.displaced)
        # What goes, goes first: names may be the same where case does not count.
        files |= {change.path: None for change in plan.changes if change.after is None}
        for change in plan.changes:
            if change.after is not None:
                files[change.path] = change.after.encode()
        if plan.manifest != self.manifest or self._kind(MANIFEST) != "file":
            files[MANIFEST] = plan.manifest.to_json().encode()
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
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            parts = folder.split("/")
            above = (
                ["/".join(parts[:count]) for count in range(1, len(parts) + 1)] if folder else []
            )
            self._folders[folder] = all(self._kind(one) == "folder" for one in above)
        if not self._folders[folder] or self._kind(path) != "file":
            return None
        try:
            return (self._path / path).read_bytes()
        except OSError:
            return None

    def _read(self, path: str) -> str | None:
        content = self._bytes(path)
        # Bytes that are no text differ from every text, which is all that counts here.
        return content.decode(errors="backslashreplace") if content is not None else None

    def _digest(self, path: str) -> str | None:
        content = self._bytes(path)
        return digest(content) if content is not None else None


def _record_change(record: Change, after: str) -> FolderChange:
    path = Path(record.path)
    before = record.before.encode() if record.before is not None else None
    return FolderChange(
        path.parent, {path.name: after.encode()}, in_one_step=False, before={path.name: before}
    )
