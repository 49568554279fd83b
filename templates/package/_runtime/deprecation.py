"""What is deprecated still works, and warns. Only distributions in which something is hold this module."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import warnings
from collections.abc import Callable, Container, Mapping
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

from .operation import UNSET

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGE = __name__.rpartition("._runtime.")[0]
# A model is constructed by pydantic, a module asked for names by importlib, a method wrapped by the third.
_BETWEEN = (_PACKAGE, "pydantic", "importlib", "typing_extensions")


def warn_renamed(old: str, new: str) -> None:
    """Warn whoever called into this package that a name is deprecated.

    Args:
        old: The name that was used.
        new: What to use instead.
    """
    _warn(_renamed(old, new))


def _renamed(old: str, new: str) -> str:
    return f"{old} is deprecated: it is called {new} now"


def _warn(message: str) -> None:
    frame = inspect.currentframe()
    while frame is not None and _is_between(_module(frame)):
        frame = frame.f_back
    if frame is None:
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return
    warnings.warn_explicit(
        message,
        DeprecationWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=_module(frame),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _is_between(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in _BETWEEN)


def renamed_method(method: Callable[P, T], old: str, new: str) -> Callable[P, T]:
    """Give a method under its old name.

    Args:
        method: The method. Of an object whose class overrides it, the override is called.
        old: The old name, for the warning.
        new: The new name, for the warning.
    """

    def deprecated(self: Any, *arguments: Any, **named: Any) -> Any:
        warn_renamed(old, new)
        return getattr(self, method.__name__)(*arguments, **named)

    deprecated.__doc__ = f"Deprecated: it is called `{new}` now."
    vars(deprecated)["__deprecated__"] = _renamed(old, new)
    return cast("Callable[P, T]", deprecated)


def renamed_parameter(
    name: str, now: str, old: str, new: str
) -> Callable[[Callable[P, T]], Callable[..., T]]:
    """Make a function accept a parameter under its old name too.

    Args:
        name: The old name.
        now: The new name.
        old: The old name with its function, for the warning.
        new: The new name with its function, for the warning.
    """

    def decorate(function: Callable[P, T]) -> Callable[..., T]:
        @functools.wraps(function)
        def accepting(*arguments: P.args, **named: P.kwargs) -> T:
            if name in named and now not in named:
                warn_renamed(old, new)
                named[now] = named.pop(name)
            return function(*arguments, **named)

        return _as_asynchronous_as(function, accepting)

    return decorate


def _as_asynchronous_as(function: Callable[..., T], wrapper: Callable[P, T]) -> Callable[P, T]:
    """Return a wrapper that whoever asks takes for a coroutine function, if what it wraps is one."""
    if sys.version_info >= (3, 12) and inspect.iscoroutinefunction(function):
        inspect.markcoroutinefunction(wrapper)
    return wrapper


def discouraged_parameters(
    warnings_of: Mapping[str, str],
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function warn of parameters that are given and deprecated.

    Args:
        warnings_of: What to say of each of them.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def warning(*arguments: P.args, **named: P.kwargs) -> T:
            for name, message in warnings_of.items():
                if not any(named.get(name) is each for each in (None, UNSET)):
                    _warn(message)
            return function(*arguments, **named)

        return _as_asynchronous_as(function, warning)

    return decorate


def deprecated_constructor(message: str) -> Callable[..., Any]:
    """Return the `__new__` of a model that warns whoever calls it, and not pydantic, which makes one of data.

    Args:
        message: What to say.
    """

    def new(cls: type[Any], **fields: object) -> Any:
        # There are fields only in a call.
        if fields:
            _warn(message)
        return object.__new__(cls)

    return new


def renamed_fields(values: Any, names: Mapping[str, tuple[str, str, str]]) -> Any:
    """Return what a model is made from, with the new names of fields in place of old ones.

    Args:
        values: What the model is made from. What is no mapping stays as it is.
        names: By old name, the new one, and both as the warning tells them.
    """
    if not isinstance(values, Mapping):
        return values
    given: dict[Any, Any] = {**values}
    for name, (now, old, new) in names.items():
        if name in given and now not in given:
            warn_renamed(old, new)
            given[now] = given.pop(name)
    return given


def renamed_names(
    module: str,
    target: str,
    names: Mapping[str, tuple[str, str, str]],
    submodules: Container[str] = (),
) -> Callable[[str], Any]:
    """Return a `__getattr__` of a module that knows some names of another one by their old names.

    Args:
        module: The module.
        target: The other one, relative to the module's package; it may be the same.
        names: By old name, the new one, and both as the warning tells them.
        submodules: The names of modules in the module, which are imported when they are asked for.
    """

    def find(name: str) -> Any:
        if name in submodules:
            return importlib.import_module(f"{module}.{name}")
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        now, old, new = names[name]
        return _found(module, target, now, old, new)

    return find


def renamed_module(
    module: str, target: str, old: str, new: str, names: Mapping[str, str]
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has everything that another one has.

    Args:
        module: The module.
        target: The other one, relative to the module's package.
        old: The old name of the module, for the warning.
        new: The name of the other one, for the warning.
        names: The new names of what has an old name in the module.
    """

    def find(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        now = names.get(name, name)
        return _found(module, target, now, f"{old}.{name}", f"{new}.{now}")

    return find


def _found(module: str, target: str, name: str, old: str, new: str) -> Any:
    value = getattr(importlib.import_module(target, sys.modules[module].__package__), name)
    # `from package import name` asks twice, first from inside of importlib.
    frame = inspect.currentframe()
    while frame is not None and _module(frame) == __name__:
        frame = frame.f_back
    if frame is None or _module(frame) != "importlib._bootstrap":
        warn_renamed(old, new)
    return value
