"""Properties to look something up in: which match, and how they are shown to people and programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .._bulk.table import markdown_table, one_line, printable
from .._properties.files import ObjectProperties
from .._properties.property import Property, may_be_key
from .._runtime.roles import PropertyRules

FORMATS = ("table", "markdown", "json")

_SHOWN_OPTIONS = 5
_WIDEST_NAME = 26


def found_in(properties: Iterable[Property], search: str | None) -> list[Property]:
    """Give the properties that have a text in their name, their label or an option; all without a text."""
    return [
        each
        for each in sorted(properties, key=lambda one: one.name)
        if search is None
        or any(
            _has(text, search)
            for text in (each.name, each.label, *each.options, *each.options.values())
        )
    ]


def print_table(found: Sequence[Property], rules: PropertyRules, search: str | None) -> None:
    """Print properties as a table that is as wide as the terminal.

    A question mark says that nobody knows.
    """
    # Only here: it takes longer to import than all the rest.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    # Whole, so that it can be copied; others may be cut into lines.
    table.add_column("name", overflow="fold", min_width=min(_WIDEST_NAME, _longest(found)))
    table.add_column("label and options", overflow="fold")
    for title in ("type", "key", "writable"):
        table.add_column(title, no_wrap=True)
    for each in found:
        name, label, *cells, options = _cells(each, rules, search)
        described = f"{label}\n{options}" if label and options else label or options
        table.add_row(*map(Text, (name, described, *cells)))
    Console(markup=False, highlight=False).print(table)


def as_markdown(found: Sequence[Property], rules: PropertyRules, search: str | None) -> str:
    """Give properties as a table of Markdown."""
    titles = ("name", "label", "type", "key", "writable", "options")
    return "\n".join(markdown_table(titles, [_cells(each, rules, search) for each in found]))


def as_json(known: ObjectProperties, found: Sequence[Property], rules: PropertyRules) -> str:
    """Give properties for programs, with all of their options."""
    properties: list[dict[str, Any]] = [
        {
            "name": each.name,
            "label": each.label,
            "type": each.type,
            "multiple": each.multiple,
            "options": dict(each.options),
            "may_be_key": may_be_key(each, rules),
            "writable": each.is_writable,
            "archived": each.archived,
        }
        for each in found
    ]
    shown = {"object_type": known.object_type, "properties": properties}
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _cells(declared: Property, rules: PropertyRules, search: str | None) -> list[str]:
    is_key = may_be_key(declared, rules)
    refused = "archived" if declared.archived else "calculated" if declared.calculated else "no"
    return [
        printable(declared.name),
        one_line(declared.label),
        declared.type,
        "?" if is_key is None else "yes" if is_key else "",
        "yes" if declared.is_writable else refused,
        _options(declared, search),
    ]


def _options(declared: Property, search: str | None) -> str:
    options = list(declared.options.items())
    if search is not None:
        options.sort(key=lambda pair: not any(_has(text, search) for text in pair))
    text = shown_options(options)
    return f"several of: {text}" if declared.multiple and text else text


def shown_options(options: Sequence[tuple[str, str]]) -> str:
    """Name the first of some options, given with what they are called for people."""
    shown = [
        one_line((value or '""') + (f" ({label})" if label not in ("", value) else ""))
        for value, label in options[:_SHOWN_OPTIONS]
    ]
    more = len(options) - len(shown)
    return ", ".join([*shown, *([f"… {more:,} more"] if more else [])])


def _has(text: str, search: str) -> bool:
    return search.casefold() in text.casefold()


def _longest(found: Sequence[Property]) -> int:
    return max((len(each.name) for each in found), default=0)
