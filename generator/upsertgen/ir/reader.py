"""What the readers of operations and of schemas share: `$ref`s, problems, and a budget."""

from __future__ import annotations

from upsertgen.errors import Problems
from upsertgen.ir.tree import Direction, Scalar
from upsertgen.limits import LIMITS
from upsertgen.spec_text import SpecText
from upsertgen.specs.expressions import cost
from upsertgen.specs.references import DanglingReference, Node, Specs


class Reader:
    """Reads nodes of documents, and ends the run when what they describe is too much.

    Attributes:
        specs: Follows `$ref`s.
        problems: Where to note what is wrong or cannot be expressed.

    Args:
        specs: See above.
        problems: See above.
    """

    def __init__(self, specs: Specs, problems: Problems) -> None:
        self.specs = specs
        self.problems = problems
        self._schema_count = 0
        self._pattern_cost = 0

    def follow(self, node: Node) -> Node | None:
        """Return what a node stands for; nothing, and a problem, where its `$ref` leads nowhere."""
        try:
            return self.specs.follow(node)
        except DanglingReference as error:
            self.problem(node, error.wrong, "a definition in the specs folder", error.mend)
            return None

    def problem(self, node: Node, wrong: str, expected: str, mend: str) -> None:
        """Note what is wrong with a node."""
        self.problems.add(node.locate(key=True), wrong, expected, mend)

    def unsupported(self, node: Node, what: str, expected: str) -> None:
        """Note what cannot be expressed."""
        mend = "rewrite it, in an overlay if the spec is not yours"
        self.problem(node, f"{what} is not supported", expected, mend)

    def note(self, node: Node, text: str) -> None:
        """Say what becomes of a node that is no problem."""
        self.problems.add_note(node.locate(key=True), text)

    def at_most(self, limit: int, count: int, node: Node, what: str) -> None:
        """End the run at once where to go on would take too much time or memory.

        Raises:
            InvalidInput: With this problem, and with all that were noted.
        """
        if count > limit:
            there = f"there are more than {limit} {what}"
            self.problem(node, there, f"at most {limit}", "split or simplify it")
            self.problems.raise_if_any()

    def count_schema(self, node: Node, values: int = 1) -> None:
        """Count a schema, or values of one: what is written once can be used exponentially often."""
        self._schema_count += values
        self.at_most(
            LIMITS.schemas,
            self._schema_count,
            node,
            "schemas and enum values up to here, as often as each is used",
        )

    def count_patterns(self, node: Node, constraints: tuple[tuple[str, Scalar], ...]) -> None:
        """Count what the patterns among some constraints cost."""
        for keyword, value in constraints:
            if keyword == "pattern" and isinstance(value, SpecText):
                # One that alone takes too much is refused already.
                alone = cost(value.raw)
                self._pattern_cost += alone // 10 if alone <= LIMITS.pattern_cost else 0
                self.at_most(
                    LIMITS.patterns,
                    self._pattern_cost,
                    node,
                    "kB of patterns up to here, written out",
                )


def body_key(node: Node, direction: Direction) -> str:
    """Return what identifies the body that a schema describes, sent or received."""
    return f"{node.document.key}#{'/'.join(map(str, node.pointer))}|{direction}"
