"""A reader of schemas that counts them: what is written once can be used exponentially often."""

from __future__ import annotations

from upsertgen.errors import Problems
from upsertgen.ir.reader import SpecReader
from upsertgen.ir.tree import Scalar
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.expressions import cost
from upsertgen.specs.references import Node, References


class CountingReader(SpecReader):
    """Ends the run when schemas or patterns are too many.

    Args:
        references: Follows `$ref`s.
        problems: Where to note what is wrong or cannot be expressed.
    """

    def __init__(self, references: References, problems: Problems) -> None:
        super().__init__(references, problems)
        self._schemas = 0
        self._patterns = 0

    def _count_schema(self, node: Node) -> None:
        self._schemas += 1
        self._at_most(
            LIMITS.schemas, self._schemas, node, "schemas up to here, as often as each is used"
        )

    def _count_patterns(self, node: Node, constraints: tuple[tuple[str, Scalar], ...]) -> None:
        for keyword, value in constraints:
            if keyword == "pattern" and isinstance(value, SpecText):
                # One that alone takes too much is refused already.
                alone = cost(value.raw)
                self._patterns += alone // 10 if alone <= LIMITS.pattern_cost else 0
                self._at_most(
                    LIMITS.patterns, self._patterns, node, "kB of patterns up to here, written out"
                )
