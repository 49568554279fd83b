"""What the readers of operations and of schemas share: following `$ref`s, and noting problems."""

from __future__ import annotations

from upsertgen.errors import Problems
from upsertgen.specs.references import DanglingReference, Node, References


class SpecReader:
    """Reads nodes of documents.

    Args:
        references: Follows `$ref`s.
        problems: Where to note what is wrong or cannot be expressed.
    """

    def __init__(self, references: References, problems: Problems) -> None:
        self._references = references
        self._problems = problems

    def _follow(self, node: Node) -> Node | None:
        try:
            return self._references.follow(node)
        except DanglingReference as error:
            self._problem(node, error.wrong, "a definition in the specs folder", error.mend)
            return None

    def _unsupported(self, node: Node, what: str, expected: str) -> None:
        self._problem(
            node,
            f"{what} is not supported",
            expected,
            "rewrite it, in an overlay if the spec is not yours",
        )

    def _at_most(self, limit: int, count: int, node: Node, what: str) -> None:
        """End the run at once where to go on would take too much time or memory.

        Raises:
            InvalidInput: With this problem, and with all that were noted.
        """
        if count > limit:
            there = f"there are more than {limit} {what}"
            self._problem(node, there, f"at most {limit}", "split or simplify it")
            self._problems.raise_if_any()

    def _problem(self, node: Node, wrong: str, expected: str, mend: str) -> None:
        self._problems.add(node.document.locate(node.pointer, key=True), wrong, expected, mend)
