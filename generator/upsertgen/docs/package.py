"""The emitted package as its source says it: classes and functions, read by griffe and never imported.

Modules are read when they are asked for, because most of them hold nothing that is public.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import griffe

from upsertgen.write import NewFile

Definition = griffe.Class | griffe.Function | griffe.Attribute
"""What a name of a module may stand for, and pages tell of."""

# What it has to say about docstrings is for those who write them, and nobody who generates can do anything.
logging.getLogger("griffe").setLevel(logging.CRITICAL)


class Package:
    """The emitted package.

    Args:
        files: The files of the distribution, by their path.
        name: The import name of the package.
    """

    def __init__(self, files: Mapping[str, NewFile], name: str) -> None:
        self._files = files
        self._name = name
        self._modules: dict[str, griffe.Module] = {}
        self._found: dict[str, Definition | None] = {}
        self._parents: dict[str, list[tuple[str, griffe.Class | None]]] = {}
        self._ancestors: dict[str, list[griffe.Class]] = {}
        self._collection = griffe.ModulesCollection()
        self._lines = griffe.LinesCollection()

    def module(self, path: str) -> griffe.Module | None:
        """Return a module by its dotted name; nothing where there is none."""
        if path in self._modules:
            return self._modules[path]
        start = path.replace(".", "/")
        file = next((f for f in (f"{start}.py", f"{start}/__init__.py") if f in self._files), None)
        if file is None:
            return None
        above, _, name = path.rpartition(".")
        parent = self.module(above) if above else None
        module = griffe.visit(
            name,
            filepath=Path(file),
            code=self._files[file].text,
            parent=parent,
            modules_collection=self._collection,
            lines_collection=self._lines,
        )
        (self._collection if parent is None else parent)[name] = module
        self._modules[path] = module
        # griffe finds what a class inherits only in modules that it has read.
        for one in module.members.values():
            if isinstance(one, griffe.Class):
                self._bases(one)
        griffe.DataclassesExtension().on_package(pkg=module)
        return module

    def find(self, path: str) -> Definition | None:
        """Return what a dotted name stands for, wherever it is defined; nothing where nobody knows."""
        if path not in self._found:
            self._found[path] = self._search(path.split("."))
        return self._found[path]

    def _search(self, parts: list[str]) -> Definition | None:
        if parts[0] != self._name:
            return None
        for end in range(len(parts) - 1, 0, -1):
            module = self.module(".".join(parts[:end]))
            if module is None:
                continue
            member = module.members.get(parts[end])
            if isinstance(member, griffe.Alias):
                return self.find(".".join((member.target_path, *parts[end + 1 :])))
            for name in parts[end + 1 :]:
                member = member.members.get(name) if member is not None else None
            return self._meant(member) if isinstance(member, Definition) else None
        return None

    def _meant(self, one: Definition) -> Definition:
        """Return the class that a name of a module is another name of, or what it is itself."""
        if isinstance(one, griffe.Attribute) and isinstance(one.value, griffe.ExprName):
            found = self.find(one.value.canonical_path) if one.annotation is None else None
            return found if isinstance(found, griffe.Class) else one
        return one

    def exported(self, path: str) -> dict[str, Definition]:
        """Return what a module gives to others, by the names that it has there.

        That is what `__all__` names. A module without it gives what it defines with a name that does not
        begin with `_` and a docstring.
        """
        module = self.module(path)
        if module is None:
            return {}
        if module.exports is not None:
            names = [str(one) for one in module.exports]
        else:
            names = [
                name
                for name, one in module.members.items()
                if isinstance(one, Definition) and not name.startswith("_") and one.has_docstring
            ]
        found = {name: self.find(f"{path}.{name}") for name in names}
        return {name: one for name, one in found.items() if one is not None}

    def bases(self, one: griffe.Class) -> list[griffe.Class]:
        """Return the classes of the package that a class inherits from, the nearest first."""
        if one.path not in self._ancestors:
            found: dict[str, griffe.Class] = {}
            for base in self._bases(one):
                for each in (base, *self.bases(base)):
                    found.setdefault(each.path, each)
            self._ancestors[one.path] = list(found.values())
        return self._ancestors[one.path]

    def parents(self, one: griffe.Class) -> list[tuple[str, griffe.Class | None]]:
        """Return the names of the bases that stand in a class, and their definitions in the package."""
        if one.path not in self._parents:
            self._parents[one.path] = [(_last(base), self._base(base)) for base in one.bases]
        return self._parents[one.path]

    def _bases(self, one: griffe.Class) -> list[griffe.Class]:
        return [found for _, found in self.parents(one) if found is not None]

    def _base(self, base: str | griffe.Expr) -> griffe.Class | None:
        origin = base.left if isinstance(base, griffe.ExprSubscript) else base
        if not isinstance(origin, griffe.Expr):
            return None
        found = self.find(origin.canonical_path)
        return found if isinstance(found, griffe.Class) else None


def _last(base: str | griffe.Expr) -> str:
    """Return the name of a base as a reader knows it: without the module, and what it is a base of."""
    origin = base.left if isinstance(base, griffe.ExprSubscript) else base
    return str(origin).rpartition(".")[2]
