"""What extensions name, compared with what their operations have: fields, parameters and headers.

Where nothing of what an extension is for would come out, that is a problem. What stands at many operations at
once, such as the fields of errors, may name what only some of them have: what none has is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from upsertgen.errors import Location, Problems, quoted
from upsertgen.ir.bodies import Bodies
from upsertgen.ir.body_search import steps_of
from upsertgen.ir.extensions import RECORD_NAMES
from upsertgen.ir.field_checks import FieldChecks, answers_of
from upsertgen.ir.job_checks import JobChecks
from upsertgen.ir.tree import Operation, Type
from upsertgen.ir.upsert_checks import UpsertChecks
from upsertgen.ir.vocabulary import HEADER, ErrorPolicy
from upsertgen.ir.words import Owner, texts
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import DanglingReference, Node, Specs


def check_extensions(
    versions: Iterable[Sequence[tuple[Node, Operation]]],
    bodies: Bodies,
    specs: Specs,
    policies: Sequence[ErrorPolicy],
    problems: Problems,
) -> None:
    """Note what extensions name and nothing has, and what keeps an extension from being of use.

    Args:
        versions: The operations of each version, which are complete, each with its node.
        bodies: The distinct bodies.
        specs: Follows `$ref`s.
        policies: Every distinct policy.
        problems: Where to note it.
    """
    checker = _Checker(bodies, specs, policies, problems)
    for operations in versions:
        checker.check(operations)
    checker.finish()


class _Checker:
    """Checks the extensions of operations, one after the other; the arguments are those above."""

    def __init__(
        self, bodies: Bodies, specs: Specs, policies: Sequence[ErrorPolicy], problems: Problems
    ) -> None:
        self._fields = FieldChecks(bodies, problems)
        self._upserts = UpsertChecks(self._fields)
        self._jobs = JobChecks(self._fields)
        self._search = self._fields.search
        self._specs = specs
        self._policies = policies
        self._problems = problems

    def check(self, operations: Sequence[tuple[Node, Operation]]) -> None:
        """Check the extensions of all operations of a version, which are complete, each with its node."""
        listings = [one for _, one in operations if one.property_query is not None]
        for node, operation in operations:
            with self._problems.at_operation(node.locate(key=True)):
                self._check(node, operation, listings)
                self._jobs.check(node, operation, [one for _, one in operations])

    def finish(self) -> None:
        """Note what is named for operations none of which has it."""
        self._fields.finish()

    def _check(self, node: Node, operation: Operation, listings: Sequence[Operation]) -> None:
        if operation.body is not None or "requestBody" not in node.value:
            # A request body that cannot be read is a problem already.
            self._upserts.check(node, operation)
            self._check_account_query(node, operation)
        self._check_property_query(node, operation)
        self._check_errors(node, operation)
        self._check_sandbox(node, operation)
        if listings:
            self._upserts.check_listing(node, operation, answers_of(listings[0]))

    def _check_errors(self, node: Node, operation: Operation) -> None:
        """Check what the extensions about errors and limits name."""
        policy = self._policies[operation.policy]
        bodies = [operation.error] if operation.error is not None else []
        for word, name in texts(policy.fields):
            self._fields.name(
                node.locate("x-errors", "fields", word.spelling),
                f"{word.spelling} in fields of x-errors names {quoted(name.raw)}, which no error body has",
                found=any(
                    self._search.leads(one, steps_of(name), through_lists=word.spelling == "scopes")
                    for one in bodies
                ),
            )
        # The usual rules come last, and name nothing.
        asked = ((at, name) for at, rule in enumerate(policy.rules) for name, _ in rule.when)
        for number, name in asked:
            self._fields.name(
                node.locate("x-errors", "rules", number, "when", name.raw, key=True),
                f"a rule of x-errors asks for {quoted(name.raw)}, which no error body has",
                found=any(self._search.leads(one, steps_of(name)) for one in bodies),
            )
        declared = {name.lower() for name in self._headers(node)}
        if not declared:
            # Most documents say nothing about headers.
            return
        for place, name in _named_headers(node, policy):
            self._fields.name(
                place,
                f"the header {quoted(name.raw)} is declared by no response, though others are",
                found=name.raw.lower() in declared,
            )

    def _check_account_query(self, node: Node, operation: Operation) -> None:
        """Note what `x-account` names and the operation does not have, and what it would need besides."""
        query = operation.account_query
        if query is None:
            return
        self._check_needs(node, "x-account", operation, query.token)
        answers = answers_of(operation)
        owners: dict[Owner, list[Type | None]] = {
            Owner.REQUEST: [operation.body.type if operation.body else None],
            Owner.ANSWER: [*answers],
        }
        self._fields.check_fields(node, ("x-account",), query, owners)
        if query.usage is not None:
            place = ("x-account", "usage")
            listed = query.usage.list
            is_told = self._fields.check_list(node, (*place, "list"), listed, answers)
            owners[Owner.RESULT] = (
                [self._search.items(one, listed) for one in answers] if is_told else []
            )
            self._fields.check_fields(node, place, query.usage, owners)

    def _check_sandbox(self, node: Node, operation: Operation) -> None:
        """Note what the records of `x-sandbox` name, and no parameter and no body of the operation has."""
        said = node.value.get("x-sandbox", {}).get("records") if operation.sandbox else None
        if said is None:
            return
        known = {one.wire_name.raw for one in operation.parameters}
        known |= self._search.names([operation.body.type] if operation.body else [], set())
        known |= self._search.names(answers_of(operation), set())
        place = ("x-sandbox", "records")
        for way, names in ((place, said), ((*place, "search"), said.get("search", {}))):
            for word in RECORD_NAMES & names.keys():
                self._fields.name(
                    node.locate(*way, word),
                    f"{word} in records of x-sandbox names {quoted(names[word])}, which no parameter and no "
                    "body has",
                    found=names[word] in known,
                )

    def _check_needs(
        self, node: Node, extension: str, operation: Operation, given: SpecText | None
    ) -> None:
        """Note each argument that an operation needs besides the one that is given wherever it is called."""
        for other in operation.parameters:
            if other.required and other.wire_name != given:
                self._problems.add(
                    node.locate(extension, key=True),
                    f"an operation with {extension} needs the argument {quoted(other.wire_name.raw)}",
                    (
                        f"no required argument but {quoted(given.raw)}"
                        if given
                        else "no required argument"
                    ),
                    f"make it optional in an overlay, or remove {extension}",
                )

    def _check_property_query(self, node: Node, operation: Operation) -> None:
        """Note each parameter that `x-properties` names and the operation does not have."""
        query = operation.property_query
        if query is None:
            return
        self._check_needs(node, "x-properties", operation, query.object_type)
        parameters = {(one.location, one.wire_name) for one in operation.parameters}
        for word, name in texts(query):
            if (word.about.location, name) not in parameters:
                called = f"parameter in the {word.about.location}"
                self._problems.add(
                    node.locate("x-properties", word.spelling),
                    f"{word.spelling} of x-properties names {quoted(name.raw)}, which is no {called}",
                    f"a {called} that callers choose",
                    "correct the name, or add the parameter in an overlay",
                )

    def _headers(self, node: Node) -> Iterator[str]:
        """Yield the headers that the responses of an operation declare."""
        for status in node.value.get("responses", {}):
            try:
                yield from self._specs.follow(node.child("responses", status)).value.get(
                    "headers", ()
                )
            except DanglingReference:
                # Noted already, when all references were followed.
                continue


def _named_headers(node: Node, policy: ErrorPolicy) -> Iterator[tuple[Location, SpecText]]:
    """Yield the headers that the extensions of an operation name, each with its place."""
    for word, name in texts(policy.rate_limit_headers):
        yield node.locate("x-rate-limit", "headers", word.spelling), name
    for number, rule in enumerate(policy.rules):
        # The usual rules come last, and name nothing.
        for word, name in texts(rule):
            if word.schema is HEADER.keywords:
                yield node.locate("x-errors", "rules", number, word.spelling), name
