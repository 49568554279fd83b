"""Read: a specs folder comes in, validated documents whose every node knows its file and line go out.

Start with `read`, which parses files (`yaml_reader`) into `document`s, applies `overlays` (`targets` finds
what they change, `expressions` what patterns cost), checks them (`validation`, with `explanation` for words),
follows every `$ref` (`references`) and tells what nothing reads (`notes`). What may stand where in a
document, only `openapi` knows.

A specs folder holds one folder for each API version and, in `overlays/`, what corrects and completes them:

    specs/
      v3/contacts.yaml           one object type: its paths, and the components that only it uses
      v3/schemas.yaml            what object types share; a document whose `paths` is empty
      overlays/corrections.yaml  OpenAPI Overlay 1.0, applied to every version in order of file name
      properties/contacts.yaml   properties of an object type that every account has

Files end in `.yaml`, `.yml` or `.json`. A `$ref` is relative to its file and stays in the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problems
from upsertgen.inputs import FACTS, OVERLAYS, PROPERTIES, spec_files
from upsertgen.limits import Budget
from upsertgen.spec_file import read_spec_file
from upsertgen.specs.document import Document
from upsertgen.specs.notes import note_unread
from upsertgen.specs.overlays import Overlay
from upsertgen.specs.references import Specs, check_references
from upsertgen.specs.validation import validate_document
from upsertgen.specs.yaml_reader import read_yaml

__all__ = ["Specs", "read"]


def read(folder: Path, as_published: Callable[[Specs], None] | None = None) -> Specs:
    """Read a specs folder: parse, apply the overlays, validate, and follow every `$ref` once.

    Args:
        folder: The specs folder.
        as_published: Told what the documents say before the overlays change them. What it wants to keep
            it has to take in at once.

    Returns:
        The documents, corrected by the overlays.

    Raises:
        InvalidInput: With every problem of the first stage that found any.
    """
    problems, unmatched, budget = Problems(), Problems(), Budget()
    documents: dict[str, Document] = {}
    properties: dict[str, Document] = {}
    facts: dict[str, Document] = {}
    apart = {PROPERTIES: properties, FACTS: facts}
    overlays: list[Overlay] = []
    complete = True
    for path in spec_files(folder):
        shown = path.as_posix()
        text = _text(path, problems, budget)
        data = None if text is None else read_yaml(text, shown, problems, budget)
        if data is None:
            complete = False
        elif path.parent.name == OVERLAYS:
            overlays.append(Overlay(data, problems))
        else:
            key = path.relative_to(folder).as_posix()
            found = apart.get(path.parent.name, documents)
            found[key] = Document(shown, path.parent.name, path.stem, key, data)
    specs = Specs(documents, properties, facts, problems.notes)
    if as_published is not None and complete:
        as_published(specs)
    for overlay in overlays:
        overlay.apply(documents.values(), problems, unmatched, budget)
    for document in documents.values():
        validate_document(document, problems)
    if complete:
        # What refers to a file that cannot be read would otherwise be called wrong.
        check_references(specs, problems)
    if not problems:
        note_unread(specs, problems)
    if not problems:
        problems = unmatched
    problems.raise_if_any()
    return specs


def _text(path: Path, problems: Problems, budget: Budget) -> str | None:
    try:
        data = read_spec_file(path)
    except InvalidInput as error:
        for problem in error.problems:
            problems.note(problem)
        return None
    budget.take_bytes(len(data), path.as_posix())
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        problems.add(
            Location(path.as_posix(), before.count(b"\n") + 1, column),
            f"the byte 0x{error.object[error.start]:02X} is not UTF-8",
            "text in UTF-8",
            "save the file as UTF-8",
        )
    return None
