"""One new project: from what is asked for to a plan of files, proven as a whole in a draft."""

# long because: the plan is one way from what is asked to files, and its steps stand in the order of that way.

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from upsertgen.configuration import Settings, read_toml
from upsertgen.emit.encode import string_literal
from upsertgen.errors import InvalidInput, Location, Note, Problems, printable, quoted
from upsertgen.importing import ImportPlan, ImportSettings, Request, plan_import
from upsertgen.importing.bundling import Bundler
from upsertgen.importing.document import PublishedDocument
from upsertgen.importing.selection import EXPECTED, Selector
from upsertgen.importing.source import open_source
from upsertgen.inputs import LOCK, OVERLAYS, PROVENANCE, spec_files
from upsertgen.ir.names import module_name, package_name
from upsertgen.json_schemas import schema_files
from upsertgen.new_project import files
from upsertgen.new_project.candidates import (
    Candidate,
    candidates,
    known_paths,
    of_paths,
    selectors,
    version_of,
)
from upsertgen.new_project.guesses import Guess, guess
from upsertgen.new_project.overlay import Action, overlay_text, servers_text
from upsertgen.progress import Progress
from upsertgen.spec_file import read_spec_file
from upsertgen.specs.yaml_reader import read_yaml
from upsertgen.write.transaction import FolderChange, commit

OVERLAY = f"{OVERLAYS}/upsert.yaml"
_SERVERS = f"{OVERLAYS}/corrections.yaml"
_ENDING = "upsert"
"""How the path of a spec by hand ends."""
_MOST_SHOWN = 40
_USUAL = ("Makefile", ".gitignore", ".github/workflows/upsertgen.yml")
"""What a folder may have already, and then keeps."""


@dataclass(frozen=True)
class NewProject:
    """What is asked for.

    Attributes:
        folder: The folder of the project.
        settings: Its settings, with folders relative to that.
        source: The published document; nothing for a spec by hand.
        select: Endings of the paths that are wanted; those that look like batch upserts if there are none.
        label: The API version; the one that the paths name if there is none.
        object_type: What all of it is called; after the paths if there is nothing.
        server: The address of the API, for a document that names none.
        keep_texts: Whether published texts are kept.
        ships_clients: Whether builds of the project make the clients.
        force: Whether to write over what is there.
    """

    folder: Path
    settings: Settings
    source: str | None = None
    select: tuple[str, ...] = ()
    label: str | None = None
    object_type: str | None = None
    server: str | None = None
    keep_texts: bool = False
    ships_clients: bool = False
    force: bool = False


@dataclass
class ProjectPlan:
    """What a new project comes to. Nothing was written yet.

    Attributes:
        folder: The folder of the project.
        specs: The folder of its specs, as it is named in that.
        spec: The spec to fill in, if there is one.
        select: The endings of paths that later imports select.
        files: The contents of its files, by path, in the order to write them.
        kept: Files that are there, and are left as they are.
        label: The API version.
        upserted: What is known of the batch upsert in that.
        token: The expression of what a client is given.
        guesses: The operations, and what was guessed of each.
        notes: What else a person should know.
        located: The same of a place in a file.
    """

    folder: Path
    specs: str
    label: str = "v1"
    spec: str = ""
    select: tuple[str, ...] = (_ENDING,)
    upserted: Guess | None = None
    token: str = files.TOKEN
    files: dict[str, bytes] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    guesses: list[Action] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    located: list[Note] = field(default_factory=list)

    def apply(self) -> None:
        """Write all files, or none.

        Raises:
            InvalidInput: Somebody else has changed a file since.
            OSError: A file cannot be written.
        """
        commit(FolderChange(self.folder, self.files, in_one_step=False))


@dataclass(frozen=True)
class _Type:
    """An object type of a published document: its name, the endings of its paths, its operations."""

    name: str
    select: tuple[str, ...]
    operations: tuple[Candidate, ...]


def plan_project(asked: NewProject, progress: Progress) -> ProjectPlan:
    """Work out a new project, without writing anything into its folder.

    Args:
        asked: What is asked for.
        progress: Told how far it has come.

    Returns:
        The plan: its specs are in order, and its output is up to date with them.

    Raises:
        InvalidInput: With everything that is in the way.
    """
    _refuse_file(asked.folder)
    plan = ProjectPlan(asked.folder, asked.settings.specs.as_posix())
    with tempfile.TemporaryDirectory(prefix="upsertgen-") as temporary:
        specs = Path(temporary, "specs")
        places = (asked.folder / asked.settings.specs).as_posix(), specs.as_posix()
        _take_over(asked, specs)
        for path, text in schema_files().items():
            _write(specs / path, text)
        try:
            if asked.source is None:
                types = _by_hand(asked, specs, plan)
            else:
                types = _from_document(asked, asked.source, specs, plan, progress)
            output = _generated(asked, specs, Path(temporary, "output"), plan, progress)
        except InvalidInput as error:
            server = (specs / _SERVERS).as_posix() if asked.server is not None else None
            raise InvalidInput(
                (
                    replace(one, location=Location("--server", 0))
                    if one.location.path == server
                    else one.of(*places)
                )
                for one in error.problems
            ) from None
        plan.located = [one.of(*places) for one in plan.located]
        root = plan.specs
        written = {
            f"{root}/{path.relative_to(specs).as_posix()}": path.read_bytes()
            for path in sorted(specs.rglob("*"))
            if path.is_file()
        }
    texts = _texts(asked, types, plan)
    plan.files = {**{path: text.encode() for path, text in texts.items()}, **written, **output}
    _keep(asked, plan)
    return plan


def _refuse_file(folder: Path) -> None:
    """Refuse a folder for a project that cannot be one.

    Raises:
        InvalidInput: A file stands in its place, or above it.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        raise InvalidInput.at(
            Location(folder.as_posix(), 0),
            f"{quoted(there.as_posix())} is not a folder",
            "a folder that is there or can be made",
            "choose another folder",
        )


def _from_document(
    asked: NewProject, given: str, specs: Path, plan: ProjectPlan, progress: Progress
) -> list[_Type]:
    """Make specs and an overlay of a published document, in a draft of the specs folder."""
    limits = Request(given, "v1").limits
    source = open_source(given, limits)
    if not source.single:
        raise InvalidInput.at(
            Location("--from", 0),
            f"{source.shown} is a collection of documents",
            "one document to begin with",
            "name one of its documents; 'upsertgen import' takes the collection afterwards",
        )
    ((name, content),) = source.documents(source.names())
    document = PublishedDocument(content, source.shown)
    Bundler(source).bundle(document, name)
    types = _types(asked, document, source.shown)
    found = [one for each in types for one in each.operations]
    plan.select = asked.select or selectors(found, document.data, chosen=False)
    plan.label = asked.label or version_of(found)
    if asked.label is None:
        plan.notes.append(
            f"the API version is called {plan.label}; --api-version calls it otherwise"
        )
    nameless: list[str] = []
    for each in types:
        request = Request(
            given,
            plan.label,
            specs=specs,
            settings=ImportSettings(select=each.select),
            keep_texts=asked.keep_texts,
            proven=False,
            object_type=each.name,
        )
        imported = plan_import(request, progress)
        nameless += _without_server(imported)
        if not nameless:
            # What is wrong is told where it was published.
            imported = plan_import(replace(request, proven=True), progress)
        plan.notes += imported.report.notes
        plan.located += imported.report.located
        imported.apply()
    # What another type has taken is missing nowhere.
    taken = {
        (
            document.locate(("paths", one.path, one.method)),
            f"{one.method.upper()} {one.path} is not",
        )
        for one in found
    }
    plan.located = [
        note
        for note in plan.located
        if not any(note.location == place and note.text.startswith(text) for place, text in taken)
    ]
    if nameless:
        _name_server(asked, specs, nameless)
    elif asked.server is not None:
        plan.notes.append(f"--server is not used, for {source.shown} names a server")
    plan.guesses = [
        Action(each.name, one.path, one.method, _is_alone(each, one), _guess(document, one))
        for each in types
        for one in each.operations
        if one.sends
    ]
    if text := overlay_text(plan.guesses):
        _write(specs / OVERLAY, text)
        _prove_guesses(specs, plan)
    return types


def _types(asked: NewProject, document: PublishedDocument, shown: str) -> list[_Type]:
    """Return the object types of a document.

    Raises:
        InvalidInput: None of its operations is wanted.
    """
    data = document.data
    for text in asked.select:
        if Selector.of(text) is None:
            wrong = f"--select has {quoted(text)}"
            raise InvalidInput.at(Location("--select", 0), wrong, EXPECTED, "correct the flag")
    try:
        found = of_paths(data, asked.select) if asked.select else candidates(data)
        idle = [one for one in asked.select if not of_paths(data, [one])]
    except RecursionError:
        raise document.too_deep() from None
    if idle or not any(one.sends for one in found):
        if "openapi" not in data or data.get("openapi") is None:
            raise InvalidInput.at(
                Location(shown),
                "this is not an OpenAPI document: it has no field 'openapi'",
                "OpenAPI 3.0 or 3.1, in JSON or YAML",
                "convert it, or name another document with --from",
            )
        paths = known_paths(data)
        more = f", and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
        there = ", ".join(map(printable, paths[:_MOST_SHOWN])) or "none"
        what = (
            f"no operation is selected by {' or '.join(map(quoted, idle))}"
            if idle
            else (
                "no operation that is selected sends anything"
                if asked.select
                else "no operation looks like a batch upsert: none is called so and sends a list"
            )
        )
        raise InvalidInput.at(
            Location(shown, 0),
            f"{what}; its paths are {there}{more}",
            "at least one operation that creates or updates many records",
            "choose operations by how their paths end with --select",
        )
    chosen = bool(asked.select)
    if asked.object_type is not None:
        return [_Type(asked.object_type, selectors(found, data, chosen=chosen), tuple(found))]
    names = dict.fromkeys(one.object_type for one in found)
    return [
        _Type(name, selectors(mine, data, chosen=chosen), tuple(mine))
        for name in names
        if (mine := [one for one in found if one.object_type == name])
    ]


def _is_alone(each: _Type, one: Candidate) -> bool:
    return sum(other.method == one.method for other in each.operations) == 1


def _guess(document: PublishedDocument, one: Candidate) -> Guess:
    try:
        return guess(document.data, one.path, one.method)
    except RecursionError:
        return Guess(obstacle="its bodies are nested too deeply to be looked at")


def _prove_guesses(specs: Path, plan: ProjectPlan) -> None:
    """Take back guesses that the specs refuse, and note why; what else is wrong is told later."""
    from upsertgen.ir import understand
    from upsertgen.specs import read

    path = (specs / OVERLAY).as_posix()
    try:
        understand(read(specs))
    except InvalidInput as error:
        if not all(one.location.path == path for one in error.problems):
            return
        told = [one.of(plan.specs, specs.as_posix()) for one in error.problems]
        plan.notes += [f"not said, for it does not fit: {one.wrong}" for one in told]
        reason = "what was guessed does not fit its bodies"
        plan.guesses = [
            replace(one, guess=Guess(obstacle=one.guess.obstacle or reason)) for one in plan.guesses
        ]
        (specs / OVERLAY).unlink()


def _without_server(imported: ImportPlan) -> list[str]:
    """Return the documents of an import that have operations and name no server, by their path."""
    found: list[str] = []
    for change in imported.spec_changes:
        data = read_yaml(change.after or "", change.path, Problems())
        if data is not None and data.get("paths") and not data.get("servers"):
            found.append(change.path)
    return found


def _name_server(asked: NewProject, specs: Path, documents: list[str]) -> None:
    """Give documents the server that was asked for.

    Raises:
        InvalidInput: There is none.
    """
    if asked.server is None:
        raise InvalidInput.at(
            Location("--server", 0),
            f"{asked.source} names no server with an absolute address",
            "the address that clients call",
            "give it with --server, such as --server https://api.example.com",
        )
    _write(specs / _SERVERS, servers_text(asked.server, documents))


def _by_hand(asked: NewProject, specs: Path, plan: ProjectPlan) -> list[_Type]:
    plan.label = asked.label or plan.label
    Request("", plan.label).check_labels()
    name = module_name(asked.object_type or "records")
    _write(specs / plan.label / f"{name}.yaml", files.spec_by_hand(name, plan.label))
    plan.spec = f"{plan.specs}/{plan.label}/{name}.yaml"
    _write(specs / OVERLAY, files.overlay_by_hand(name))
    plan.upserted = Guess(record={"key": "a"})
    path = f"/{name}/{_ENDING}"
    return [_Type(name, (_ENDING,), (Candidate(path, "post", is_upsert=True),))]


def _generated(
    asked: NewProject, specs: Path, output: Path, plan: ProjectPlan, progress: Progress
) -> dict[str, bytes]:
    """Return the files of the output folder, and the record of names in that of the specs."""
    from upsertgen.run import Selection, plan_output

    draft = replace(asked.settings, specs=specs, output=output)
    planned = plan_output(draft, Selection(), progress)
    found = planned.plan
    if found.record is not None and found.record.after is not None:
        _write(specs / LOCK, found.record.after)
    plan.located += found.notes
    plan.token = _token(specs, plan.label)
    root = asked.settings.output.as_posix()
    return {
        f"{root}/{path}": content
        for path, content in planned.change().files.items()
        if content is not None
    }


def _token(specs: Path, label: str) -> str:
    """Return the expression of what meets the security schemes of a version, as far as they have a form."""
    from upsertgen.emit.security import client_security
    from upsertgen.ir import understand
    from upsertgen.specs import read

    version = next(one for one in understand(read(specs)).versions if one.label.raw == label)
    security = client_security(version)
    tokens = {
        string_literal(one.scheme): files.BASIC_TOKEN if one.is_basic else files.TOKEN
        for one in security.credentials
    }
    if security.by_name:
        return f"{{{', '.join(f'{name}: {token}' for name, token in tokens.items())}}}"
    return next(iter(tokens.values()), files.TOKEN)


def _texts(asked: NewProject, types: Collection[_Type], plan: ProjectPlan) -> dict[str, str]:
    """Return the texts of the files around specs and output, by path."""
    settings, path = asked.settings, asked.folder / "pyproject.toml"
    if path.is_file():
        read_toml(path)
    before = path.read_bytes().decode() if path.is_file() else None
    written: dict[str, Any] = {
        "specs": settings.specs.as_posix(),
        "output": settings.output.as_posix(),
        "package": settings.package,
        "distribution": settings.distribution,
        "distribution-version": settings.distribution_version,
        "description": settings.description,
    }
    ignored = files.IGNORED
    if asked.ships_clients:
        ignored += f"/{settings.output.as_posix()}/\n"
    first = min(types, key=lambda one: not any(each.sends for each in one.operations))
    return {
        "pyproject.toml": files.pyproject(
            before,
            path,
            written,
            plan.select,
            with_hook=asked.ships_clients,
            force=asked.force,
        ),
        "Makefile": files.MAKEFILE.format(output=settings.output.as_posix()),
        ".github/workflows/upsertgen.yml": files.workflow(ships_clients=asked.ships_clients),
        ".gitignore": ignored,
        f"tests/test_{settings.package}.py": files.first_test(
            settings.package,
            package_name(plan.label),
            module_name(first.name),
            _upserted(plan, first),
            plan.token,
        ),
    }


def _upserted(plan: ProjectPlan, first: _Type) -> Guess | None:
    """Return what is known of the only batch upsert of a type, if it takes records alone."""
    found = [one for one in plan.guesses if one.object_type == first.name and one.guess.words]
    simple = [one for one in found if "{" not in one.path]
    return simple[0].guess if len(found) == len(simple) == 1 else plan.upserted


def _take_over(asked: NewProject, draft: Path) -> None:
    """Copy the specs that are there into the draft.

    Raises:
        InvalidInput: There are some, and nothing is to be written over.
    """
    folder = asked.folder / asked.settings.specs
    there = spec_files(folder, new=True) if os.path.lexists(folder) else []
    if there and not asked.force:
        raise InvalidInput.at(
            Location(there[0].as_posix(), 0),
            "the specs folder is not empty",
            "a project without specs, to begin with",
            "add to it with 'upsertgen import', or write over files with --force",
        )
    records = [folder / name for name in (LOCK, PROVENANCE) if there and (folder / name).is_file()]
    for path in [*there, *records]:
        target = draft / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_spec_file(path))


def _keep(asked: NewProject, plan: ProjectPlan) -> None:
    """Leave what is there as it is, and refuse what that makes impossible.

    Raises:
        InvalidInput: Something is in the way.
    """
    problems = Problems()
    for path in [*plan.files]:
        place = asked.folder / path
        if not os.path.lexists(place) or path == "pyproject.toml":
            continue
        if place.is_file() and place.read_bytes() == plan.files[path]:
            del plan.files[path]
        elif path in _USUAL and not asked.force:
            del plan.files[path]
            plan.kept.append(path)
        elif not asked.force or place.is_dir() or place.is_symlink():
            problems.add(
                Location(place.as_posix(), 0),
                "this is there already",
                "nothing of this name",
                "move it away, or write over files with --force",
            )
    problems.raise_if_any()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
