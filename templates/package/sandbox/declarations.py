"""Reads from files which properties objects have: small ones of the sandbox's own, and exports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .properties import PROPERTY_TYPES, Property, from_json

if TYPE_CHECKING:
    import yaml

    from .contract import ExportFormat

Declarations: TypeAlias = dict[str, tuple[Property, ...]]
"""Properties by object type."""


class DeclarationError(Exception):
    """Properties cannot be read. The message is one line that says where, what and how to mend it."""


def read_declarations(specs: Iterable[str | Path], export: ExportFormat | None) -> Declarations:
    """Read properties from files of YAML, or of JSON if their names end with `.json`.

    Args:
        specs: `FILE`, which maps object types to their properties, or `TYPE=FILE` for the properties
            of one type. Properties are a mapping of names to what `from_json` reads, or an export
            of the API; in a mapping of object types also the path of such a file, which is
            relative to the mapping's own.
        export: How an export looks, or None if there is no such thing.

    Returns:
        The properties by object type. Where two files declare the same one, the later decides.

    Raises:
        DeclarationError: A file is missing, or what it says makes no sense.
    """
    declared: dict[str, dict[str, Property]] = {}
    for spec in specs:
        for object_type, properties in _read(str(spec), export).items():
            declared.setdefault(object_type, {}).update({each.name: each for each in properties})
    return {object_type: tuple(each.values()) for object_type, each in declared.items()}


def _read(spec: str, export: ExportFormat | None) -> Declarations:
    object_type, equals, file = spec.partition("=")
    # A file's own name may hold an equals sign.
    if equals and not Path(spec).exists():
        if not object_type or not file:
            raise DeclarationError(f"{spec}: expected FILE or TYPE=FILE, such as contacts={file}")
        return {object_type: _properties(_content(file), export, file, object_type)}
    content = _content(spec)
    if _exported(content, export) is not None:
        raise DeclarationError(
            f"{spec}: looks like an export, which does not say of which object type it is; write "
            f"TYPE={spec}, such as contacts={spec}"
        )
    if not isinstance(content, dict):
        raise DeclarationError(
            f"{spec}: expected object types with their properties, such as "
            f"contacts: {{note: {{type: string}}}}, not {_brief(content)}"
        )
    types = cast("dict[str, object]", content)
    return {name: _of_type(value, export, spec, name) for name, value in types.items()}


def _of_type(
    value: object, export: ExportFormat | None, file: str, object_type: str
) -> tuple[Property, ...]:
    if isinstance(value, str) and value not in ("", "~", "null"):
        file = str(Path(file).parent / value)
        value = _content(file)
    return _properties(value, export, file, object_type)


def _properties(
    value: object, export: ExportFormat | None, file: str, object_type: str
) -> tuple[Property, ...]:
    where = f"{file}: {object_type}"
    exported = _exported(value, export)
    if exported is not None and export is not None:
        return tuple(
            _from_export(each, export, f"{where}: property {number}")
            for number, each in enumerate(exported, 1)
        )
    if value is None or value in ("", "~", "null"):
        return ()
    if not isinstance(value, dict):
        also = "" if export is None else ", or an export of the API"
        raise DeclarationError(
            f"{where}: expected properties, such as {{note: {{type: string}}}}{also}, "
            f"not {_brief(value)}"
        )
    properties: list[Property] = []
    for name, fields in cast("dict[str, object]", value).items():
        try:
            properties.append(from_json(name, fields))
        except ValueError as error:
            raise DeclarationError(f"{where}.{name}: {error}") from error
    return tuple(properties)


def _exported(value: object, export: ExportFormat | None) -> list[object] | None:
    if export is None:
        return None
    listed = isinstance(value, list)
    found: object = cast("list[object]", value) if listed else _at(value, export.list)
    return cast("list[object]", found) if isinstance(found, list) else None


def _from_export(value: object, export: ExportFormat, where: str) -> Property:
    name = _at(value, export.name)
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"{where}: expected a text at {export.name!r}, not {_brief(name)}")
    named = str(_at(value, export.type))
    named = export.types.get(named, named)
    # Whatever else an API knows, its values are texts.
    type_ = named if named in PROPERTY_TYPES else "string"
    is_enumeration = type_ == "enumeration"
    field, meaning_several = export.multiple
    return Property(
        name,
        type=type_,
        unique=_is_true(_at(value, export.unique)),
        read_only=_is_true(_at(value, export.read_only)),
        options=_exported_options(value, export, f"{where} ({name})") if is_enumeration else (),
        multiple=is_enumeration and _at(value, field) == meaning_several,
    )


def _exported_options(value: object, export: ExportFormat, where: str) -> tuple[str, ...]:
    listed = _at(value, export.options)
    if listed is None:
        return ()
    options = cast("list[object]", listed) if isinstance(listed, list) else [None]
    values = [_at(option, export.option) for option in options]
    if not all(isinstance(each, str) for each in values):
        raise DeclarationError(
            f"{where}: expected a list at {export.options!r}, with a text at {export.option!r} in each"
        )
    return tuple(dict.fromkeys(cast("list[str]", values)))


def _is_true(value: object) -> bool:
    return value is True or value == "true"


def _at(value: object, way: str) -> Any:
    for name in way.split("."):
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, object]", value).get(name)
    return value


def _content(file: str) -> object:
    try:
        data = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DeclarationError(
            f"{file}: cannot be read: {reason}; expected a file that declares properties"
        ) from error
    try:
        return _from_json_text(data) if file.lower().endswith(".json") else _from_yaml(data)
    except RecursionError:
        raise DeclarationError(f"{file}: nested too deeply to be a declaration") from None
    except ValueError as error:
        raise DeclarationError(f"{file}: {_line(str(error))}") from error


def _from_json_text(data: bytes) -> object:
    try:
        return json.loads(data, object_pairs_hook=_unrepeated)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not valid JSON: {error}") from error


def _from_yaml(data: bytes) -> object:
    try:
        import yaml  # Most sandboxes are told nothing, or JSON.
    except ImportError:
        raise ValueError(
            "reading YAML needs PyYAML (pip install pyyaml); or declare in a .json file"
        ) from None
    try:
        # Names and options are taken as they are written: no, 010 and 2024-01-01 are texts.
        node = yaml.compose(data, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"not valid YAML: {error}") from error
    return None if node is None else _plain(node)


def _plain(node: yaml.Node) -> object:
    import yaml

    if isinstance(node, yaml.MappingNode):
        return _unrepeated([(_name(name), _plain(value)) for name, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _name(node: yaml.Node) -> str:
    if not isinstance(node.value, str):
        raise ValueError(f"line {node.start_mark.line + 1}: expected a name before the colon")
    return node.value


def _unrepeated(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands there twice; leave one out")
        found[name] = value
    return found


def _brief(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _line(text: str) -> str:
    return " ".join(text.split())
