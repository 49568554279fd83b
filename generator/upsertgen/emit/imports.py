"""The imports of an emitted module, in the order that isort gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

ImportGroups: TypeAlias = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
"""Groups of modules with the names to import from them; a blank line parts one group from the next."""

_INSTALLED = frozenset(("pydantic",))


def import_groups(modules: Mapping[str, Iterable[str]]) -> ImportGroups:
    """Return imports as they are to be written: standard library, installed packages, our own.

    Args:
        modules: The names to import, by module. A name may be of the form `name as other`.

    Example:
        >>> import_groups({".models": ["B"], "typing": ["Any", "TYPE_CHECKING"], "pydantic": ["Field"]})
        ((('typing', ('TYPE_CHECKING', 'Any')),), (('pydantic', ('Field',)),), (('.models', ('B',)),))
    """
    groups: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for module in sorted(modules, key=_module_order):
        names = tuple(sorted(modules[module], key=_name_order))
        if names:
            groups.setdefault(_group(module), []).append((module, names))
    return tuple(tuple(groups[number]) for number in sorted(groups))


def _group(module: str) -> int:
    return 2 if module.startswith(".") else int(module in _INSTALLED)


def _module_order(module: str) -> tuple[int, str]:
    dots = len(module) - len(module.lstrip("."))
    return (-dots, module)


def _name_order(name: str) -> tuple[int, str]:
    """Sort constants before classes, and classes before functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (kind, name)
