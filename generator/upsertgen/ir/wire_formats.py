"""Schemas for comparing what goes over the wire, where int32 and int64 are not the same."""

from __future__ import annotations

from dataclasses import replace

from upsertgen.ir.schemas import SchemaReader
from upsertgen.ir.tree import Role, ScalarType, Type
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node


class WireSchemaReader(SchemaReader):
    """Keeps formats that change no Python type, as the constraint `format` of scalars.

    With it bodies differ that are one class for a client, so a tree that is emitted is made without.
    """

    def _of_type(self, node: Node, type_name: str, role: Role, name: str) -> Type:
        kind = super()._of_type(node, type_name, role, name)
        text_format = node.value.get("format")
        if isinstance(kind, ScalarType) and isinstance(text_format, str):
            return replace(kind, constraints=(("format", SpecText(text_format)), *kind.constraints))
        return kind
