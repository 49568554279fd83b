"""Where the specs of each version were imported from: one file, `provenance.yaml`, in the specs folder.

What stands behind the label of a version may change after it was published, so each document is pinned by its
SHA-256. A version is imported from a collection, from single documents one after the other, or both: each
import has an entry of its own, and an object type belongs to the last one that brought it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problems
from upsertgen.importing.yaml_writer import house_yaml
from upsertgen.inputs import PROVENANCE
from upsertgen.spec_file import spec_text
from upsertgen.specs.yaml_reader import read_yaml

_COMMENT = (
    "Written by 'upsertgen import': where the specs of each version come from. Not to be edited."
)


@dataclass(frozen=True)
class Origin:
    """A document that an object type was imported from.

    Attributes:
        document: Its path within the source.
        rollout: The publication it belongs to, if the path tells.
        digest: Its SHA-256.
    """

    document: str
    rollout: str | None
    digest: str


@dataclass(frozen=True)
class Import:
    """One import.

    Attributes:
        source: The source, as it was named; never an absolute path of a machine.
        date: The day of the import.
        descriptions: Whether published texts were kept or dropped.
        origins: The documents of each object type, the newest first.
        shared: Whether the import wrote the version's shared file.
        dropped: Object types of which the version before has something that this one lacks on purpose.
    """

    source: str
    date: str
    descriptions: str
    origins: Mapping[str, tuple[Origin, ...]]
    shared: bool
    dropped: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 over the documents: over their names' object types and their own digests."""
        lines = (
            f"{name} {one.digest}\n"
            for name, several in sorted(self.origins.items())
            for one in several
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Provenance:
    """The imports of every version."""

    versions: Mapping[str, tuple[Import, ...]]

    def imports(self, label: str) -> tuple[Import, ...]:
        """Return the imports of a version, in order."""
        return self.versions.get(label, ())

    def origins(self, label: str) -> dict[str, tuple[Origin, ...]]:
        """Return the documents of each imported object type of a version."""
        return {name: origin for one in self.imports(label) for name, origin in one.origins.items()}

    def dropped(self, label: str) -> set[str]:
        """Return the object types of which a version lacks something on purpose."""
        return {name for one in self.imports(label) for name in one.dropped}

    def wrote_shared(self, label: str) -> bool:
        """Return whether an import wrote the shared file of a version."""
        return any(one.shared for one in self.imports(label))

    def with_import(self, label: str, new: Import, *, single: bool) -> Provenance:
        """Return the provenance after an import.

        Args:
            label: The API version.
            new: The import. Where the same documents were imported before, its date stays what it was.
            single: Whether it brought one document, and left the other object types alone.
        """
        before = self.imports(label)
        kept: list[Import] = []
        for one in before if single else ():
            left = {name: it for name, it in one.origins.items() if name not in new.origins}
            if left:
                kept.append(replace(one, origins=left, dropped=()))
        same = [one for one in before if one.digest == new.digest]
        if same:
            new = replace(new, date=same[0].date)
        versions = {**self.versions, label: (*kept, new)}
        return Provenance(dict(sorted(versions.items())))

    def text(self) -> str:
        """Return the text of the file."""
        data = {label: [_data(one) for one in imports] for label, imports in self.versions.items()}
        return house_yaml(data, _COMMENT)


def read_provenance(folder: Path) -> Provenance:
    """Return the provenance of a specs folder; empty where nothing was imported yet.

    Raises:
        InvalidInput: The file is damaged.
    """
    path = folder / PROVENANCE
    if not path.is_file():
        return Provenance({})
    shown = path.as_posix()
    problems = Problems()
    data = read_yaml(spec_text(path, folder), shown, problems)
    problems.raise_if_any()
    try:
        return Provenance({label: tuple(map(_import, one)) for label, one in (data or {}).items()})
    except (AttributeError, KeyError, TypeError):
        raise InvalidInput.at(
            Location(shown),
            "the file is not as an import writes it",
            "an entry for each import of a version",
            "restore it; without it, files that an earlier import wrote are never removed",
        ) from None


def _import(data: Mapping[str, Any]) -> Import:
    origins = {
        # One document stands without a list around it, as it does where nothing was put together.
        name: tuple(map(_origin, one if isinstance(one, list) else [one]))
        for name, one in data["documents"].items()
    }
    return Import(
        data["source"],
        data["imported"],
        data["descriptions"],
        origins,
        shared=data.get("shared") is True,
        dropped=tuple(data.get("dropped", ())),
    )


def _origin(data: Mapping[str, Any]) -> Origin:
    rollout = data.get("rollout")
    return Origin(data["document"], None if rollout is None else str(rollout), data["sha256"])


def _data(one: Import) -> dict[str, Any]:
    documents = {
        name: several[0] if len(several) == 1 else several
        for name, origins in sorted(one.origins.items())
        if (several := list(map(_document, origins)))
    }
    return {
        "source": one.source,
        "imported": one.date,
        "sha256": one.digest,
        "descriptions": one.descriptions,
        **({"shared": True} if one.shared else {}),
        **({"dropped": list(one.dropped)} if one.dropped else {}),
        "documents": documents,
    }


def _document(origin: Origin) -> dict[str, Any]:
    return {
        "document": origin.document,
        **({"rollout": origin.rollout} if origin.rollout is not None else {}),
        "sha256": origin.digest,
    }
