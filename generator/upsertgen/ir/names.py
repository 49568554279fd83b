"""Every public name, decided in one place.

A name is made of ASCII letters, digits and `_`, is no keyword, and depends only on what it names, so
that it does not move when something else is added.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from upsertgen.file_names import DEVICES

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_NAME = re.compile(r"[^A-Za-z0-9]+")

RESERVED_FIELDS = frozenset(
    # Names of pydantic.BaseModel that a field would shadow; a test compares the list with pydantic.
    "construct copy dict from_orm json model_computed_fields model_config model_construct "
    "model_copy model_dump model_dump_json model_extra model_fields model_fields_set "
    "model_json_schema model_parametrized_name model_post_init model_rebuild model_validate "
    "model_validate_json model_validate_strings parse_file parse_obj parse_raw schema "
    "schema_json update_forward_refs validate "
    # Names that annotations of the same class use: a field of that name would be found instead of them.
    "bool date datetime float int list str "
    # datamodel-code-generator calls these otherwise.
    "mro".split()
)
RESERVED_CLASSES = frozenset(
    (
        "Annotated Any AsyncClient Base64Bytes BaseModel Client ConfigDict Field Literal NotRequired "
        "Nullable "
        "FilledModel RequestModel ResponseModel RootModel TypeAlias TypedDict UUID Union "
        # Its TypedDict would be called TypedDict.
        "Typed"
    ).split()
)
RESERVED_METHODS = frozenset("bool dict float int list str".split())
"""What annotations in the same class are written with."""
BULK_METHODS = ("upsert", "iter_upsert")
"""How the methods are called that send any number of records, where a published operation is not."""
RESERVED_PARAMETERS = frozenset(("self",))
RESERVED_MODULES = frozenset(("client", "models", "typed_dicts")) | DEVICES
RESERVED_PACKAGES = frozenset(("errors", "sandbox", "testing")) | DEVICES
"""What stands beside the packages of versions, or can be no folder."""
RESERVED_RESOURCES = frozenset(("close", "aclose", "with_options"))


def snake_case(text: str, prefix: str) -> str:
    """Return the words of `text` in snake case, with `prefix` before a leading digit or for no words.

    Example:
        >>> snake_case("subCategory", "field"), snake_case("HTTPCode", "field"), snake_case("2fa", "field")
        ('sub_category', 'http_code', 'field_2fa')
    """
    words = "_".join(_WORD_BREAK.sub("_", word) for word in _NOT_NAME.split(text) if word).lower()
    name = f"{prefix}_{words}".rstrip("_") if not words or words[0].isdigit() else words
    return f"{name}_" if keyword.iskeyword(name) else name


def pascal_case(text: str, prefix: str) -> str:
    """Return the words of `text` run together, each with a capital, the rest as it is written.

    Example:
        >>> pascal_case("line_items", "Model"), pascal_case("3d.Object", "Model")
        ('LineItems', 'Model3dObject')
    """
    name = "".join(word[0].upper() + word[1:] for word in _NOT_NAME.split(text) if word)
    return f"{prefix}{name}" if not name or name[0].isdigit() else name


def class_name(text: str) -> str:
    """Return the class name of a body, or of an object type, that a spec calls `text`."""
    name = pascal_case(text, "Model")
    return f"{name}Model" if name in RESERVED_CLASSES or keyword.iskeyword(name) else name


def module_name(text: str) -> str:
    """Return the module and attribute name of an object type that a spec file calls `text`."""
    name = snake_case(text, "objects")
    return f"{name}_" if name in RESERVED_MODULES or name in RESERVED_RESOURCES else name


def method_name(text: str) -> str:
    """Return the method name of an operation that a spec calls `text`."""
    name = snake_case(text, "operation")
    return f"{name}_" if name in RESERVED_METHODS else name


def package_name(text: str) -> str:
    """Return the package name of an API version that a specs folder calls `text`.

    Example:
        >>> package_name("2025-09"), package_name("v3")
        ('v2025_09', 'v3')
    """
    name = snake_case(text, "v").replace("v_", "v", 1)
    return f"{name}_" if name in RESERVED_PACKAGES else name


def distinct_names(
    wire_names: Iterable[str], reserved: frozenset[str], prefix: str
) -> dict[str, str]:
    """Return a snake-case name for each wire name, no two alike.

    A wire name that already is its own Python name keeps it; of the others the first in alphabetical
    order does, and each further one gets the next free number. Order in the spec plays no part.

    Example:
        >>> distinct_names(["fooBar", "foo_bar", "class"], frozenset(), "field")
        {'foo_bar': 'foo_bar', 'class': 'class_', 'fooBar': 'foo_bar_2'}
    """
    wanted = {}
    for wire_name in wire_names:
        name = snake_case(wire_name, prefix)
        wanted[wire_name] = f"{name}_" if name in reserved else name
    names: dict[str, str] = {}
    taken: set[str] = set()
    for wire_name in sorted(wanted, key=lambda one: (wanted[one] != one, one)):
        name, number = wanted[wire_name], 2
        while name in taken:
            name, number = f"{wanted[wire_name].rstrip('_')}_{number}", number + 1
        taken.add(name)
        names[wire_name] = name
    return names


def version_order(label: str) -> tuple[bool, tuple[tuple[bool, int, str], ...]]:
    """Return a sort key that puts API versions in the order they appeared.

    Numbered versions (`v1`, `v3`) come before dated ones (`2025-09`), a beta before what it leads to.

    Example:
        >>> sorted(["2026-03", "v10", "2026-03-beta", "v3", "2025-09"], key=version_order)
        ['v3', 'v10', '2025-09', '2026-03-beta', '2026-03']
    """
    parts = re.findall(r"[0-9]+|[A-Za-z]+", label)
    key = tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
    return (label[:1].isdigit(), (*key, (True, 0, "")))


def free_name(name: str, location: str, taken: set[str]) -> str:
    """Return `name`, with where it goes behind it when an argument of that name is there already.

    Args:
        name: The name.
        location: Where the argument goes.
        taken: The names that are there; the new one is added.
    """
    while name in taken:
        name = f"{name.rstrip('_')}_{location}"
    taken.add(name)
    return name
