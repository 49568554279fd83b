"""Models to Python classes, by datamodel-code-generator.

In comes a `ModelsTask`, a JSON Schema written by `upsertgen.emit.json_schema`; out come `Classes`, laid out
by our own class templates in `class_templates/` (its option `custom_template_dir`). It never sees a text of
a spec: for each there stands a word, which `Classes.code` replaces by what our encoders make of the text.
What it wrote from the words is what the file has to be but for its texts, which is the proof of it.

It is slow to import, so it is imported where it is used, in a worker process beside the formatter.
"""

from __future__ import annotations

import builtins
import copy
import keyword
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.emit.deprecation import model_name, told
from upsertgen.emit.encode import string_literal, whole_docstring
from upsertgen.emit.json_schema import SchemaWriter
from upsertgen.emit.old_names import OldName
from upsertgen.ir.tree import Direction, EnumerationType, Field, Model, NullableType
from upsertgen.spec_text import SpecText

if TYPE_CHECKING:
    from datamodel_code_generator import GenerateConfig

_BASES = {Direction.REQUEST: "RequestModel", Direction.RESPONSE: "ResponseModel"}
"""The base class of models, by their direction. They live in the runtime of the client."""
_CLASS_TEMPLATES = Path(__file__).parent / "class_templates"
# Neither a field nor a class of ours is called so: the first begin with small letters, and have no others.
_WORD = re.compile(r"(?P<quote>\"\"\"|['\"])(?P<word>specText[0-9]+)(?P=quote)")
_IMPORT = re.compile(r"from (\S+) import (.+)")
_BUILTINS = frozenset(
    name
    # These are not everywhere.
    for name in (*dir(builtins), "PythonFinalizationError", "WindowsError")
    if name[0].isupper() and not keyword.iskeyword(name)
)
"""What Python calls so: a class that stands above another meaning of one of them would take this one."""
_MODULES = {"_bases": ".._runtime.models", "_base64": ".._runtime.base64_bytes"}


@dataclass(frozen=True)
class ModelsTask:
    """What to generate one module of classes from. It crosses to a worker process.

    Attributes:
        schema: The JSON Schema document with the classes' definitions, and words for texts.
        bases: The base class of each class, by its name.
        names: The Python names of fields whose name in JSON is another, as `Class.word` to the name.
        template_data: What the class template has to know about a class, by its name.
        texts: What each word stands for.
    """

    schema: dict[str, Any]
    bases: Mapping[str, str]
    names: Mapping[str, str]
    template_data: Mapping[str, dict[str, Any]]
    texts: Mapping[str, SpecText]


@dataclass(frozen=True)
class Classes:
    """Classes as text, with words for texts.

    Attributes:
        imports: The names to import, by module.
        modules: The modules to import, as they are called here.
        worded: The classes, in an order in which they can be defined.
    """

    imports: Mapping[str, frozenset[str]]
    modules: frozenset[str]
    worded: str

    def code(self, texts: Mapping[str, SpecText]) -> str:
        """Return the classes with texts in the place of words."""

        def replacement(match: re.Match[str]) -> str:
            text = texts[match["word"]]
            is_docstring = match["quote"] == '"""'
            return whole_docstring(text, 4) if is_docstring else string_literal(text)

        return _WORD.sub(replacement, self.worded)


def models_task(
    models: list[Model],
    names: Mapping[str, str],
    known: Mapping[str, Model],
    renamed: Mapping[str, tuple[OldName, ...]],
    taken: Iterable[str],
) -> ModelsTask:
    """Return what to generate a module of classes from.

    Args:
        models: The models to define.
        names: The class name of every model that the module knows, by its key.
        known: Every model there is, by its key.
        renamed: The old names of fields, by the name of their class.
        taken: What else is called something in the module.
    """
    words: dict[SpecText, str] = {}

    def word(text: SpecText) -> str:
        return words.setdefault(text, f"specText{len(words)}")

    writer = SchemaWriter(names, known, word, checks=True)
    own = {names[model.key]: writer.model(model) for model in models}
    # What it cannot write in place gets a name of its own, which must be none of these: so they come first.
    foreign = sorted({*names.values(), *taken, *_BUILTINS} - own.keys())
    first = "Names"
    while first in own or first in foreign:
        first += "s"
    references = [{"$ref": f"#/$defs/{name}"} for name in (*own, *foreign)]
    defined: dict[str, Any] = {first: {"anyOf": references}, **own}
    defined |= {name: {"type": "object"} for name in foreign}
    elsewhere = [known[key] for key, name in names.items() if key in known and name not in own]
    for model in elsewhere:
        # By these, unions tell it apart, and they may have other names in Python.
        tags = {
            writer.key(field): writer.type(field.type)
            for field in model.fields
            if isinstance(field.type, EnumerationType)
        }
        defined[names[model.key]]["properties"] = tags
    python_names = {
        f"{names[model.key]}.{writer.key(field)}": field.name
        for model in (*models, *elsewhere)
        for field in model.fields
        if writer.key(field) != field.name
    }
    data = {
        names[model.key]: {
            "is_sent": model.direction is Direction.REQUEST,
            "nullable": [
                field.name for field in model.fields if _may_be_given_as_null(model, field)
            ],
            "filled": [field.name for field in model.fields if field.filled],
            "renamed": [asdict(one) for one in renamed.get(model.class_name, ())],
            "deprecation": told(model_name(model)) if model.deprecated else None,
        }
        for model in models
    }
    return ModelsTask(
        schema={"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defined},
        bases={names[model.key]: f"_bases.{_base(model)}" for model in models},
        names=python_names,
        template_data=data | {name: {"elsewhere": True} for name in (first, *foreign)},
        texts={found: text for text, found in words.items()},
    )


def _base(model: Model) -> str:
    is_filled = any(field.filled for field in model.fields)
    return "FilledModel" if is_filled else _BASES[model.direction]


def _may_be_given_as_null(model: Model, field: Field) -> bool:
    """Return whether None is a value of a field that is sent, and not only what it is when it is left out."""
    return (
        model.direction is Direction.REQUEST
        and isinstance(field.type, NullableType)
        and not field.required
        and field.default is None
    )


def load_generator() -> None:
    """Import datamodel-code-generator, ahead of the time when it is needed. Runs in a worker process."""
    from datamodel_code_generator import GenerateConfig

    del GenerateConfig


def generate_all(tasks: list[ModelsTask]) -> list[Classes]:
    """Generate several modules' classes, in one worker process: what is slow is to import the generator."""
    return [generate_classes(task) for task in tasks]


def generator_config(
    model_type: str, templates: Path, template_data: Mapping[str, dict[str, Any]], **more: Any
) -> GenerateConfig:
    """Return what datamodel-code-generator is told whatever it makes of a JSON Schema, and more.

    Args:
        model_type: The name of its `DataModelType`.
        templates: The folder of class templates.
        template_data: What these have to know about a class, by its name.
        more: Further options.
    """
    from datamodel_code_generator import (
        GenerateConfig,
        InputFileType,
        LiteralType,
        PythonVersion,
    )
    from datamodel_code_generator.enums import DataModelType

    return GenerateConfig(
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType[model_type],
        target_python_version=PythonVersion.PY_311,
        custom_template_dir=templates,
        disable_timestamp=True,
        enum_field_as_literal=LiteralType.All,
        extra_template_data=defaultdict(dict, template_data),
        formatters=[],
        keep_model_order=True,
        skip_root_model=True,
        strict_nullable=True,
        use_field_description=True,
        use_schema_description=True,
        use_standard_collections=True,
        use_union_operator=True,
        **more,
    )


def generate_classes(task: ModelsTask) -> Classes:
    """Run datamodel-code-generator and return its classes.

    Raises:
        RuntimeError: It defined other classes than it was asked for. That is an error of ours.
    """
    from datamodel_code_generator import generate
    from datamodel_code_generator.format import DatetimeClassType

    text = generate(
        task.schema,
        config=generator_config(
            "PydanticV2BaseModel",
            _CLASS_TEMPLATES,
            copy.deepcopy(dict(task.template_data)),
            aliases=dict(task.names),
            base_class_map=dict(task.bases),
            field_constraints=True,
            output_datetime_class=DatetimeClassType.Datetime,
            use_annotated=True,
            # What cannot stand in an annotation gets a name; as a model it would be another value.
            use_type_alias=True,
        ),
    )
    if not isinstance(text, str):
        raise RuntimeError("datamodel-code-generator returned no single module")
    imports, code = text.split("\n\n\n", 1)
    defined = set(re.findall(r"^class (\w+)", code, re.MULTILINE))
    if defined != task.bases.keys():
        strange = ", ".join(sorted(defined ^ task.bases.keys()))
        raise RuntimeError(f"datamodel-code-generator defined other classes: {strange}")
    used = set(re.findall(r"(?<![\w.])\w+", code))
    # Our own templates write these, too.
    imported = [*_IMPORT.findall(imports), ("typing", "Annotated"), ("_bases", "Nullable")]
    names_of: dict[str, set[str]] = defaultdict(set)
    for module, names in imported:
        if module != "__future__":
            names_of[_MODULES.get(module) or module].update(
                name for name in names.split(", ") if name.rpartition(" ")[2] in used
            )
    return Classes(
        {module: frozenset(names) for module, names in names_of.items()},
        frozenset(re.findall(r"(?<![\w.])_[a-z_]+(?=\.)", code)),
        code,
    )
