"""Bodies that are sent as TypedDicts, as their module lays them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from upsertgen.emit.annotations import IN_TYPED_DICT, IN_TYPED_DICT_CALL, Annotations
from upsertgen.emit.deprecation import described, told
from upsertgen.emit.encode import is_plain_name
from upsertgen.ir.tree import Field, Model
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class TypedDicts:
    """What stands in a module of TypedDicts.

    Attributes:
        classes: Of each the model, whether it is written as a class, what is said of it, of its use, and its
            fields: each with its annotation and what is said of it.
        mappings: The class names of models with keys that no TypedDict can name.
        modules: The modules that all this mentions, as the emitted module calls them.
    """

    classes: list[
        tuple[
            Model,
            bool,
            SpecText | None,
            str | None,
            list[tuple[Field, str, SpecText | None]],
        ]
    ]
    mappings: list[str]
    modules: set[str]


def typed_dicts(models: Iterable[Model], called: Mapping[str, str]) -> TypedDicts:
    """Return the TypedDicts of models.

    Args:
        models: The models that are sent, which a version defines.
        called: The name of the class of each model that the version knows, by the model's key.
    """
    annotations = Annotations(called)
    result = TypedDicts([], [], annotations.modules)
    for model in models:
        result.modules.add("_typing")
        if model.additional is not None:
            # What may have any keys has some that no TypedDict can name.
            result.mappings.append(model.class_name)
            result.modules.add("_abc")
            continue
        # It can be a class if the names of its fields in JSON are such in Python too.
        plain = all(is_plain_name(field.wire_name) for field in model.fields)
        fields: list[tuple[Field, str, SpecText | None]] = []
        for field in model.fields:
            written = annotations.annotation(
                field.type, IN_TYPED_DICT if plain else IN_TYPED_DICT_CALL
            )
            if not field.required or field.filled:
                written = f"_typing.NotRequired[{written}]"
            said = described(field.description, deprecated=field.deprecated)
            fields.append((field, written, said))
        warning = None
        if model.deprecated and plain:
            # No decorator fits what is written as a call.
            warning = told(f"{model.owner}.typed_dicts.{model.class_name}Dict")
            result.modules.add("_typing_extensions")
        description = described(model.description, deprecated=model.deprecated)
        result.classes.append((model, plain, description, warning, fields))
    return result
