"""JSONPath of RFC 9535 that cannot run away: what a target visits is counted, and stops at a limit.

`$..*..*`, filters within filters and repeated selectors visit the same nodes again and again, and the
regular expressions of `match` and `search` can take for ever in an engine that backtracks. Here each visit
is paid for, and regular expressions are those of pydantic, which take linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from jsonpath_rfc9535 import (
    JSONPathEnvironment,
    JSONPathError,
    JSONPathNode,
    JSONPathNodeList,
    JSONPathQuery,
)
from jsonpath_rfc9535.filter_expressions import Expression, FilterQuery
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.selectors import FilterSelector
from jsonpath_rfc9535.tokens import TokenStream

from upsertgen.errors import WrongTarget, quoted
from upsertgen.limits import LIMITS
from upsertgen.specs.document import Pointer
from upsertgen.specs.expressions import cost, matcher

Pay = Callable[[int], None]
"""Told how many nodes were visited; raises where it is too much."""

_BEGINNING = 20
_LOOKING = 5
"""What it takes to begin a query within a filter, and to apply a filter, in nodes that are visited."""


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
        self._environment = _Environment()
        try:
            self._query = self._environment.compile(text)
        except JSONPathError as error:
            raise WrongTarget(str(error).partition("\n")[0]) from None
        except RecursionError:
            raise WrongTarget("it is nested too deeply") from None

    def find(self, data: Any, pay: Pay) -> set[Pointer]:
        """Return the way to each node that the target means.

        Args:
            data: The document.
            pay: Told how many nodes were visited.

        Raises:
            WrongTarget: It cannot be looked up, or means too many nodes.
        """
        self._environment.pay = pay
        pay(1)
        found: set[Pointer] = set()
        try:
            for node in _counted(self._query, data, pay):
                found.add(node.location)
                if len(found) > LIMITS.matches:
                    raise WrongTarget(f"it means more than {LIMITS.matches} nodes of one document")
        except JSONPathError as error:
            raise WrongTarget(str(error).partition("\n")[0]) from None
        except RecursionError:
            raise WrongTarget("it is nested too deeply") from None
        return found


class _Node(JSONPathNode):
    """A node that is paid for, and whose children are."""

    __slots__ = ("pay",)
    pay: Pay

    def new_child(self, value: object, key: int | str, parent: JSONPathNode | None) -> JSONPathNode:
        self.pay(1)
        child = _Node(value=value, location=(*self.location, key), parent=parent, root=self.root)
        child.pay = self.pay
        return child


def _counted(query: JSONPathQuery, data: Any, pay: Pay) -> Iterable[JSONPathNode]:
    root = _Node(value=data, location=(), parent=None, root=data)
    root.pay = pay
    nodes: Iterable[JSONPathNode] = [root]
    for segment in query.segments:
        nodes = segment.resolve(nodes)
    return nodes


class _CountedQuery(JSONPathQuery):
    """A query within a filter."""

    __slots__ = ()

    env: _Environment

    def find(self, value: Any) -> JSONPathNodeList:
        # To begin takes as long as some nodes do, also where there are none.
        self.env.pay(_BEGINNING)
        return JSONPathNodeList(_counted(self, value, self.env.pay))


class _Filter(FilterSelector):
    """A filter, which looks at every child of a node, whether it is chosen or not."""

    __slots__ = ()
    env: _Environment

    def resolve(self, node: JSONPathNode) -> Iterable[JSONPathNode]:
        if isinstance(node.value, (dict, list)):
            self.env.pay(_LOOKING * len(node.value))
        return super().resolve(node)


class _Parser(Parser):
    def parse_filter_selector(self, stream: TokenStream) -> FilterSelector:
        found = super().parse_filter_selector(stream)
        return _Filter(env=self.env, token=found.token, expression=found.expression)

    def parse_root_query(self, stream: TokenStream) -> Expression:
        return self._made_counted(super().parse_root_query(stream))

    def parse_relative_query(self, stream: TokenStream) -> Expression:
        return self._made_counted(super().parse_relative_query(stream))

    def _made_counted(self, expression: Expression) -> Expression:
        if isinstance(expression, FilterQuery):
            segments = expression.query.segments
            expression.query = _CountedQuery(env=self.env, segments=segments)
        return expression


class _Environment(JSONPathEnvironment):
    """Functions and parser of one target.

    Attributes:
        pay: Told how many nodes were visited.
    """

    parser_class = _Parser
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
