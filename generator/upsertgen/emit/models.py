"""Models to Python classes, by datamodel-code-generator.

It is slow to import, so it is imported where it is used, and it runs in a worker process beside the
formatter. Its output is taken apart again: its classes are kept, in our own words, and its imports are
merged with ours.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upsertgen.emit.rewriting import Source, defined_name

BASES = {"request": "RequestModel", "response": "ResponseModel"}
"""The base class of models, by their role. They live in the runtime of the client."""

_IMPORTED = frozenset(
    ("collections.abc", "datetime", "pydantic", "typing", "typing_extensions", "uuid")
)


@dataclass(frozen=True)
class ModelsTask:
    """What to generate one module of classes from. It crosses to a worker process.

    Attributes:
        schema: The JSON Schema document with the classes' definitions.
        stubs: The definitions among them that stand for classes of other modules.
        bases: The base class of each class, by its name.
        names: The Python names of fields whose name in JSON is another, as `Class.field` to the name.
        typed_dicts: Whether to generate TypedDicts instead of models.
        additions: What to add to the body of a class, by its name.
    """

    schema: dict[str, Any]
    stubs: frozenset[str]
    bases: Mapping[str, str]
    names: Mapping[str, str]
    typed_dicts: bool
    additions: Mapping[str, str]


@dataclass(frozen=True)
class GeneratedClasses:
    """Classes as text.

    Attributes:
        imports: The names to import, by module.
        code: The classes, in an order in which they can be defined.
    """

    imports: dict[str, set[str]]
    code: str


def load_generator() -> None:
    """Import datamodel-code-generator, ahead of the time when it is needed. Runs in a worker process."""
    import datamodel_code_generator

    del datamodel_code_generator


def generate_all(tasks: list[ModelsTask]) -> list[GeneratedClasses]:
    """Generate several modules' classes, in one worker process: what is slow is to import the generator."""
    return [generate_classes(task) for task in tasks]


def generate_classes(task: ModelsTask) -> GeneratedClasses:
    """Run datamodel-code-generator and return its classes.

    Raises:
        RuntimeError: It defined other classes than it was asked for. That is an error of ours.
    """
    from datamodel_code_generator import (
        GenerateConfig,
        InputFileType,
        LiteralType,
        PythonVersion,
        generate,
    )
    from datamodel_code_generator.enums import DataModelType
    from datamodel_code_generator.format import DatetimeClassType

    text = generate(
        task.schema,
        config=GenerateConfig(
            input_file_type=InputFileType.JsonSchema,
            output_model_type=(
                DataModelType.TypingTypedDict
                if task.typed_dicts
                else DataModelType.PydanticV2BaseModel
            ),
            target_python_version=PythonVersion.PY_311,
            aliases={} if task.typed_dicts else dict(task.names),
            base_class_map=(
                {}
                if task.typed_dicts
                else {name: f"bases.{base}" for name, base in task.bases.items()}
            ),
            disable_timestamp=True,
            enum_field_as_literal=LiteralType.All,
            field_constraints=True,
            formatters=[],
            keep_model_order=True,
            output_datetime_class=DatetimeClassType.Datetime,
            skip_root_model=True,
            strict_nullable=True,
            use_annotated=True,
            use_double_quotes=True,
            use_field_description=True,
            # What a caller passes in may be any mapping or sequence; a dict is invariant in its values.
            use_generic_container_types=task.typed_dicts,
            use_schema_description=True,
            use_single_line_docstring=True,
            use_standard_collections=True,
            use_union_operator=True,
        ),
    )
    if not isinstance(text, str):
        raise RuntimeError("datamodel-code-generator returned no single module")
    wanted = frozenset(task.schema["$defs"]) - task.stubs
    return _take_apart(text, wanted, task.stubs, task.additions)


def _take_apart(
    text: str, wanted: frozenset[str], stubs: frozenset[str], additions: Mapping[str, str]
) -> GeneratedClasses:
    source = Source(text)
    helpers = source.helpers(wanted | stubs)
    imports: dict[str, set[str]] = {}
    code = ""
    defined: set[str] = set()
    for statement in source.body:
        name = defined_name(statement)
        if isinstance(statement, ast.ImportFrom):
            if statement.module not in (None, "__future__", "bases"):
                if statement.module not in _IMPORTED or statement.level:
                    raise RuntimeError(f"datamodel-code-generator imports {statement.module}")
                names = {
                    f"{one.name} as {one.asname}" if one.asname else one.name
                    for one in statement.names
                }
                imports.setdefault(str(statement.module), set()).update(names)
        elif name in wanted or isinstance(statement, ast.Expr):
            defined |= {name} if name else set()
            code += f"{source.rewritten(statement, helpers)}\n{additions.get(name or '', '')}"
    if defined != wanted:
        raise RuntimeError(f"datamodel-code-generator left out {sorted(wanted - defined)}")
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    imports.setdefault("typing", set()).add("TYPE_CHECKING")
    needed = {
        module: {name for name in names if name.rpartition(" ")[2] in used}
        for module, names in imports.items()
    }
    return GeneratedClasses(needed, code)
