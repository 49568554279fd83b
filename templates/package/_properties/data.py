"""What a file of JSON or YAML holds, and how a file is replaced by another one."""

from __future__ import annotations

import codecs
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .declarations import PropertiesError

if TYPE_CHECKING:
    import yaml

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def replace_file(path: Path, text: str) -> None:
    """Write a file at once: whoever reads it meanwhile, or after a crash, finds the old or the new one.

    Args:
        path: The file; if it is a link, what that leads to.
        text: What it is to hold.

    Raises:
        OSError: It cannot be written.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():  # A pipe or a device cannot be replaced.
        target.write_text(text, "utf-8", newline="\n")
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8", newline="\n")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def read_data(file: str, expected: str = "a file that declares properties") -> object:
    """Read a file. Of YAML, names and values are taken as they are written, and are texts.

    Args:
        file: Its path; one that ends in `.json` is JSON.
        expected: What it should be, for messages.

    Raises:
        PropertiesError: It cannot be read, or is neither JSON nor YAML.
    """
    try:
        data = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(file, error, expected) from error
    try:
        if file.lower().endswith(".json"):
            return _from_json_text(data)
        if data.startswith(b"{"):
            try:
                return _from_json_text(data)
            except ValueError:
                pass  # YAML may look like that, too.
        return _from_yaml(data)
    except RecursionError:
        raise PropertiesError(f"{file}: nested too deeply to be {expected}") from None
    except ValueError as error:
        line = " ".join(str(error).split())
        raise PropertiesError(f"{file}: {line}") from error


def unreadable(
    file: str, error: Exception, expected: str = "a file that declares properties"
) -> PropertiesError:
    """Say why a file cannot be read."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return PropertiesError(f"{file}: cannot be read: {reason}; expected {expected}")


def _from_json_text(data: bytes) -> object:
    try:
        return json.loads(data, object_pairs_hook=_unrepeated)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{place}: not valid JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{_line_of(error)}: not valid JSON: {error}") from error


def _from_yaml(data: bytes) -> object:
    try:
        import yaml  # Most are told nothing, or JSON.
    except ImportError:
        raise ValueError(
            "reading YAML needs PyYAML (pip install pyyaml); or declare in a .json file"
        ) from None
    text = ""
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
        # Names and options are taken as they are written: no, 010 and 2024-01-01 are texts.
        # LibYAML is quicker, but some of its releases end the process where a file is nested deeply.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except UnicodeDecodeError as error:
        raise ValueError(f"{_line_of(error)}: not valid YAML: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        told = ", ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{place}not valid YAML: {told}") from error
    except yaml.YAMLError as error:
        # A character that no YAML may hold: the rest of the message counts to it.
        line = 1 + text[: getattr(error, "position", 0)].count("\n")
        told = str(error).partition("\n")[0]
        raise ValueError(f"line {line}: not valid YAML: {told}") from error
    return None if node is None else _plain(node)


def _line_of(error: UnicodeDecodeError) -> str:
    """Give the line of the first byte that is no text."""
    line = 1 + error.object[: error.start].count(b"\n")
    return f"line {line}"


def _plain(node: yaml.Node) -> object:
    import yaml

    if isinstance(node, yaml.MappingNode):
        lines = [name.start_mark.line + 1 for name, _ in node.value]
        return _unrepeated([(_name(name), _plain(value)) for name, value in node.value], lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _name(node: yaml.Node) -> str:
    if not isinstance(node.value, str):
        raise ValueError(f"line {node.start_mark.line + 1}: expected a name before the colon")
    return node.value


def _unrepeated(pairs: list[tuple[str, object]], lines: Sequence[int] = ()) -> dict[str, object]:
    """Put pairs together, whose lines JSON does not tell."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(name for name, _ in pairs)
    repeated = [place for place, (name, _) in enumerate(pairs) if counts[name] > 1]
    place = next(place for place in repeated[1:] if pairs[place][0] == pairs[repeated[0]][0])
    where = f"line {lines[place]}: " if lines else ""
    raise ValueError(f"{where}{pairs[place][0]!r} stands there twice; leave one out")
