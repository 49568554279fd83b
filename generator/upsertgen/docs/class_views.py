"""Classes and functions as pages show them; every text is ready to be emitted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import griffe

from upsertgen.docs.docstrings import Link, Table, Told, blocks, cell, told_of
from upsertgen.docs.package import Definition, Package
from upsertgen.docs.signatures import (
    Parameter,
    body_fields,
    constructor,
    is_body,
    laid_out,
    parameters_of,
    source_of,
)
from upsertgen.emit.encode import page_block, page_code

Address = Callable[[griffe.Class], str | None]
"""Given a class of the package: the relative address of what is said of it, if anything is."""


@dataclass(frozen=True)
class FunctionView:
    """A function or a method.

    Attributes:
        name: Its name, as code.
        anchor: What a link to it ends with.
        signature: Its signature, as a block of code.
        told: What its docstring says.
    """

    name: str
    anchor: str
    signature: str
    told: Told


@dataclass(frozen=True)
class ClassView:
    """A class, a function, or a name that stands for a type or a value.

    Attributes:
        name: Its name, as code.
        anchor: What a link to it ends with.
        bases: What it derives from, as code or links.
        signature: How it is called or what it is, as a block of code; empty where there is nothing to say.
        told: What its docstring says.
        attributes: Its attributes.
        methods: Its own methods.
        inherited: Each base that has public methods, as code or a link, and these, as code.
        notes: What else is to be said of it, each a block of Markdown.
        more: Tables of what else is known of it.
    """

    name: str
    anchor: str
    bases: tuple[str, ...]
    signature: str
    told: Told
    attributes: Table | None
    methods: tuple[FunctionView, ...]
    inherited: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()
    more: tuple[Table, ...] = ()


class Views:
    """Makes views of what is in a package.

    Args:
        package: The package.
        address: Where classes are described, as seen from the page.
        link: Where exceptions are described, as seen from the page.
    """

    def __init__(self, package: Package, address: Address, link: Link) -> None:
        self._package = package
        self._address = address
        self._link = link

    def view(self, name: str, one: Definition, anchor: str, *, brief: bool = False) -> ClassView:
        """Return what a page shows of a name.

        Args:
            name: The name.
            one: What it stands for.
            anchor: What a link to it ends with.
            brief: Whether methods come only with the first paragraph of their docstrings.
        """
        if isinstance(one, griffe.Class):
            return self._class(name, one, anchor, brief=brief)
        if isinstance(one, griffe.Function):
            made = self.function(one, anchor)
            return ClassView(made.name, made.anchor, (), made.signature, made.told, None, (), ())
        value = source_of(one.value)
        text = f"{name} = {value}" if value else f"{name}: {source_of(one.annotation)}"
        told = told_of(_text(one), {}, self._link)
        return ClassView(
            page_code(name), anchor, (), page_block("python", text), told, None, (), ()
        )

    def function(self, one: griffe.Function, anchor: str, *, brief: bool = False) -> FunctionView:
        """Return what a page shows of a function or method.

        Args:
            one: The function.
            anchor: What a link to it ends with.
            brief: Whether only with the first paragraph of its docstring.
        """
        taken = parameters_of(self._package, one)
        ways = [way for way in ("async", "classmethod", "staticmethod") if way in one.labels]
        start = "".join(f"@{way}\n" for way in ways if way != "async")
        start += "async def " if "async" in ways else "def "
        returned = source_of(one.returns)
        signature = laid_out(f"{start}{one.name}", taken, f" -> {returned}" if returned else "")
        text = self._inherited_text(one)
        told = Told(tuple(blocks(text)[:1])) if brief else told_of(text, _types(taken), self._link)
        return FunctionView(page_code(one.name), anchor, page_block("python", signature), told)

    def _class(self, name: str, one: griffe.Class, anchor: str, *, brief: bool) -> ClassView:
        taken = constructor(self._package, one)
        told = told_of(self._inherited_text(one), _types(taken or []), self._link)
        fields = is_body(self._package, one)
        table = (
            self._body_table(one)
            if fields
            else self._attributes(one, told.attributes or {}, _types(taken or []))
        )
        return ClassView(
            name=page_code(name),
            anchor=anchor,
            bases=tuple(dict.fromkeys(self._bases(one))),
            signature="" if taken is None else page_block("python", laid_out(name, taken, "")),
            told=replace(told, attributes=None),
            attributes=table,
            methods=tuple(
                self.function(each, f"{anchor}.{each.name.lower()}", brief=brief)
                for each in self._own(one)
                if isinstance(each, griffe.Function)
            ),
            inherited=tuple(self._inherited(one)),
        )

    def _own(self, one: griffe.Class) -> list[Definition]:
        """Return the public members of a class, and those of its private bases, which no page shows."""
        found = {
            name: member
            for name, member in one.members.items()
            if isinstance(member, Definition) and _is_public(name, member)
        }
        for name, base in self._package.parents(one):
            if base is not None and name.startswith("_"):
                for each in self._own(base):
                    found.setdefault(each.name, each)
        return list(found.values())

    def _bases(self, one: griffe.Class) -> Iterator[str]:
        for name, found in self._package.parents(one):
            if found is not None and found.name.startswith("_"):
                yield from self._bases(found)
            elif name not in ("Generic", "object"):
                yield self._named(name, found)

    def _named(self, name: str, found: griffe.Class | None) -> str:
        address = self._address(found) if found is not None else None
        return page_code(name) if address is None else f"[{page_code(name)}]({address})"

    def _inherited(self, one: griffe.Class) -> Iterator[tuple[str, tuple[str, ...]]]:
        seen = {each.name for each in self._own(one)}
        for base in self._package.bases(one):
            if base.name.startswith("_"):
                continue
            own = [each.name for each in self._own(base) if each.name not in seen]
            seen.update(own)
            if own:
                yield self._named(base.name, base), tuple(page_code(each) for each in own)

    def _attributes(
        self, one: griffe.Class, told: Mapping[str, str], taken: Mapping[str, str]
    ) -> Table | None:
        members = {each.name: each for each in self._own(one) if isinstance(each, griffe.Attribute)}
        # What a docstring lists may be set by the constructor of a base.
        for each in (one, *self._package.bases(one)):
            for name, member in each.members.items():
                if name in told and isinstance(member, griffe.Attribute):
                    members.setdefault(name, member)
        rows: list[tuple[str, str, str]] = []
        for name in dict.fromkeys([*told, *members]):
            found = members.get(name)
            kind = "" if found is None else self._type_of(found, taken)
            meaning = told.get(name) or (_text(found) if found is not None else "")
            is_set = found is not None and "instance-attribute" in found.labels
            if meaning or is_set or self._is_enumeration(one):
                rows.append((page_code(name), kind, cell(meaning)))
        return Table("Attributes", ("name", "type", "meaning"), tuple(rows)) if rows else None

    def _type_of(self, one: griffe.Attribute, taken: Mapping[str, str]) -> str:
        if one.annotation is not None:
            found = self._package.find(getattr(one.annotation, "canonical_path", ""))
            text = source_of(one.annotation)
            return self._named(text, found if isinstance(found, griffe.Class) else None)
        value = source_of(one.value)
        if "class-attribute" in one.labels:
            return page_code(value) if value else ""
        # What a constructor keeps as it was given.
        return page_code(taken[value]) if value in taken else ""

    def _is_enumeration(self, one: griffe.Class) -> bool:
        return any(name.endswith("Enum") for name, _ in self._package.parents(one))

    def _body_table(self, one: griffe.Class) -> Table | None:
        rows = tuple(
            (
                page_code(each.name),
                page_code(each.wire_name),
                page_code(each.type),
                "" if each.default is None else page_code(each.default),
                cell(each.meaning),
            )
            for each in body_fields(self._package, one)
        )
        columns = ("attribute", "in JSON", "type", "default", "meaning")
        return Table("Fields", columns, rows) if rows else None

    def _inherited_text(self, one: griffe.Class | griffe.Function) -> str:
        """Return a docstring, or that of what it overrides: as `inspect.getdoc` does."""
        if one.docstring is not None:
            return _text(one)
        owner = one if isinstance(one, griffe.Class) else one.parent
        for base in self._package.bases(owner) if isinstance(owner, griffe.Class) else ():
            found = base if isinstance(one, griffe.Class) else base.members.get(one.name)
            if found is not None and found.docstring is not None:
                return _text(found)
        return ""


def _is_public(name: str, one: Definition) -> bool:
    # What pydantic is told about a class is no attribute of it.
    return not name.startswith("_") and name != "model_config" and not isinstance(one, griffe.Class)


def _types(parameters: list[Parameter]) -> dict[str, str]:
    return {one.name.lstrip("*"): one.type for one in parameters}


def _text(one: griffe.Object | griffe.Alias) -> str:
    return inspect.cleandoc(one.docstring.value) if one.docstring is not None else ""
