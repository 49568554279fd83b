"""JSONPath of RFC 9535 that cannot run away: what a target visits is counted, and stops at a limit.

`$..*..*`, filters within filters and repeated selectors visit the same nodes again and again, and the
regular expressions of `match` and `search` can take for ever in an engine that backtracks. So a target never
sees the document itself: it is handed objects and arrays that count whenever somebody looks into them,
whatever looks. Regular expressions are those of pydantic, which take linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathError
from jsonpath.function_extensions import ExpressionType, FilterFunction

from upsertgen.errors import WrongTarget, quoted
from upsertgen.limits import LIMITS
from upsertgen.specs.document import Pointer
from upsertgen.specs.expressions import cost, matcher

Pay = Callable[[int], None]
"""Told what it took to visit nodes; raises where it is too much."""

_LOOK_COST = 5
"""What a look into the document costs; limits are in microseconds, more or less."""
_FILTER_COST = 0.5
"""What each character of a target with filters adds: each may be evaluated anew at each look."""


class Target:
    """The target of an action.

    Args:
        text: The JSONPath.

    Raises:
        WrongTarget: It is none.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LIMITS.target:
            # Each of its steps calls the one before, until the stack overflows.
            raise WrongTarget(f"it has more than {LIMITS.target} characters")
        self._environment = _Environment(strict=True)
        self._cost = _LOOK_COST + (int(_FILTER_COST * len(text)) if "?" in text else 0)
        try:
            self._query = self._environment.compile(text)
        except (JSONPathError, RecursionError) as error:
            raise _wrong(error) from None

    def find(self, data: Any, pay: Pay) -> set[Pointer]:
        """Return the way to each node that the target means.

        Args:
            data: The document.
            pay: Told what it took to visit nodes.

        Raises:
            WrongTarget: It cannot be looked up, or means too many nodes.
        """
        self._environment.pay = pay
        pay(1)
        found: set[Pointer] = set()
        try:
            for match in self._query.finditer(_counted(data, lambda: pay(self._cost))):
                found.add(match.parts)
                if len(found) > LIMITS.matches:
                    raise WrongTarget(f"it means more than {LIMITS.matches} nodes of one document")
        except (JSONPathError, RecursionError) as error:
            raise _wrong(error) from None
        return found


def _wrong(error: JSONPathError | RecursionError) -> WrongTarget:
    if isinstance(error, RecursionError):
        return WrongTarget("it is nested too deeply")
    # Its text shows the target once more, and fails where that is empty.
    return WrongTarget(str(error.args[0]))


class _Counted:
    """An object or array that counts each look at one of its children.

    Args:
        data: What it holds.
        look: Called for each look; raises where it is one too many.
    """

    __slots__ = ("_data", "_look")

    def __init__(self, data: Any, look: Callable[[], None]) -> None:
        self._data = data
        self._look = look

    def __len__(self) -> int:
        return len(self._data)


class _Object(_Counted, Mapping[str, Any]):
    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        self._look()
        return _counted(self._data[key], self._look)

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)


class _Array(_Counted, Sequence[Any]):
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[place] for place in range(len(self))[key]]
        self._look()
        return _counted(self._data[key], self._look)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Array) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class _Text(str):
    """A text that cannot be sliced: the library takes it for an array of characters."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> str:
        return "" if isinstance(key, slice) else super().__getitem__(key)


def _counted(value: Any, look: Callable[[], None]) -> Any:
    if isinstance(value, dict):
        return _Object(value, look)
    if isinstance(value, list):
        return _Array(value, look)
    return _Text(value) if isinstance(value, str) else value


class _Environment(JSONPathEnvironment):
    """Functions and limits of one target.

    Attributes:
        pay: Told what it took to visit nodes.
    """

    max_recursion_depth = LIMITS.depth + 1
    pay: Pay

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Matches(self, whole=True)
        self.function_extensions["search"] = _Matches(self, whole=False)


class _Matches(FilterFunction):
    """`match` and `search`."""

    def __init__(self, environment: _Environment, *, whole: bool) -> None:
        self._environment = environment
        self._whole = whole

    @property
    def arg_types(self) -> list[ExpressionType]:
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        return ExpressionType.LOGICAL

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        if len(pattern) > LIMITS.target:
            raise WrongTarget(f"the regular expression {quoted(pattern)} is too long")
        # In linear time still means the product of both lengths.
        self._environment.pay(1 + (len(text) * min(cost(pattern), LIMITS.pattern_cost)) // 1000)
        matches = _compiled(pattern, self._whole)
        return matches is not None and matches(text)


@lru_cache(maxsize=64)
def _compiled(pattern: str, whole: bool) -> Callable[[str], bool] | None:
    """Return what tells whether an I-Regexp (RFC 9485) matches; nothing if it is none."""
    from iregexp_check import check

    if not check(pattern) or cost(pattern) > LIMITS.pattern_cost:
        return None
    # What a dot means is all that differs.
    written: list[str] = []
    escaped = in_class = False
    for character in pattern:
        dot = character == "." and not escaped and not in_class
        written.append(r"[^\n\r]" if dot else character)
        if not escaped and character in "[]":
            in_class = character == "["
        escaped = character == "\\" and not escaped
    expression = "".join(written)
    return matcher(rf"\A(?:{expression})\z" if whole else expression)
