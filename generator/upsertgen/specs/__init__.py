"""Read: spec files and overlays to validated documents whose every node knows its file and line.

A specs folder holds one folder for each API version and, in `overlays/`, what corrects and completes
them:

    specs/
      v3/contacts.yaml           one object type: its paths, and the components that only it uses
      v3/schemas.yaml            what object types share; a document whose `paths` is empty
      overlays/corrections.yaml  OpenAPI Overlay 1.0, applied to every version in order of file name

Files end in `.yaml`, `.yml` or `.json`. A `$ref` is relative to its file and stays in the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from upsertgen.errors import Location, Problems
from upsertgen.inputs import OVERLAYS, spec_files
from upsertgen.limits import Budget
from upsertgen.spec_file import UnreadableFile, read_spec_file
from upsertgen.specs.document import Document
from upsertgen.specs.overlays import Overlay
from upsertgen.specs.references import References, check_references
from upsertgen.specs.validation import validate_document
from upsertgen.specs.yaml_reader import read_yaml


@dataclass(frozen=True)
class Specs:
    """Everything a specs folder says.

    Attributes:
        documents: Every document, by its path inside the folder.
        references: Follows `$ref`s between them.
    """

    documents: Mapping[str, Document]
    references: References


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
    overlays: list[Overlay] = []
    complete = True
    for path in spec_files(folder):
        shown = path.as_posix()
        text = _text(path, problems, budget)
        parsed = None if text is None else read_yaml(text, shown, problems, budget)
        if parsed is None:
            complete = False
            continue
        data, node = parsed
        if path.parent.name == OVERLAYS:
            overlays.append(Overlay(shown, data, node, problems))
        else:
            key = path.relative_to(folder).as_posix()
            documents[key] = Document(shown, path.parent.name, path.stem, key, data, node)
    if as_published is not None and complete:
        as_published(Specs(documents, References(documents)))
    for overlay in overlays:
        overlay.apply(documents.values(), problems, unmatched, budget)
    for document in documents.values():
        validate_document(document, problems)
    if complete:
        # What refers to a file that cannot be read would otherwise be called wrong.
        check_references(documents, problems)
    if not problems:
        problems = unmatched
    problems.raise_if_any()
    return Specs(documents, References(documents))


def _text(path: Path, problems: Problems, budget: Budget) -> str | None:
    try:
        data = read_spec_file(path)
    except UnreadableFile as error:
        problems.note(error.problem)
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
