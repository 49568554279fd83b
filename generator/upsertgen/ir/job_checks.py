"""What `x-upsert` says of jobs, compared with the operations of its version that tell of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from upsertgen.errors import did_you_mean, quoted
from upsertgen.ir.body_search import steps_of
from upsertgen.ir.field_checks import FieldChecks, answers_of
from upsertgen.ir.tree import EnumerationType, Operation, Parameter, Type
from upsertgen.ir.upsert_answer_checks import UpsertAnswerChecks
from upsertgen.ir.vocabulary import Job, ResultPages, Roles
from upsertgen.ir.words import Owner
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node

_UPSERT = "x-upsert"
_JOB = (_UPSERT, "job")


def asked_arguments(asked: Operation, upsert: Operation) -> tuple[Parameter, ...]:
    """Return what an operation that tells of a job needs and the upsert does not know already.

    Args:
        asked: The operation that tells of the job.
        upsert: The operation that begins it. Its arguments of the same name mean the same.
    """
    known = {(one.location, one.wire_name) for one in upsert.parameters if one.required}
    return tuple(
        one
        for one in asked.parameters
        if one.required and (one.location, one.wire_name) not in known
    )


def job_operation(
    operations: Iterable[Operation], operation_id: SpecText | None
) -> Operation | None:
    """Return the operation that tells of jobs; nothing where there is none.

    Args:
        operations: Those of the same version.
        operation_id: The operationId that is named.
    """
    return next((one for one in operations if one.operation_id == operation_id), None)


class JobChecks:
    """Checks what upserts say of jobs.

    Args:
        fields: Looks for fields.
    """

    def __init__(self, fields: FieldChecks) -> None:
        self._fields = fields
        self._answers = UpsertAnswerChecks(fields)
        self._search = fields.search
        self._problems = fields.problems

    def check(self, node: Node, operation: Operation, operations: Sequence[Operation]) -> None:
        """Note what keeps anybody from asking about the jobs of an upsert.

        Args:
            node: The upsert.
            operation: The same as it is in the tree.
            operations: Those of the same version.
        """
        upsert = operation.upsert
        if upsert is None or upsert.job is None:
            return
        job, answers = upsert.job, answers_of(operation)
        self._check_way(node, job)
        self._check_values(node, job)
        if job.id is not None or job.url is not None:
            self._fields.check_fields(node, _JOB, job, {Owner.ANSWER: answers})
        asked = self._asked(node, _JOB, job.operation, operation, operations)
        bodies = answers_of(asked) if asked is not None else []
        self._check_status(node, job, asked, bodies)
        results = self._told(node, operation, operations, "results", job.result_pages, bodies)
        errors = self._told(node, operation, operations, "errors", job.error_pages, bodies)
        if upsert.count is not None and bodies:
            self._find(node, (_UPSERT, "count"), upsert.count, bodies)
        if results:
            self._check_results(node, upsert, results)
            self._answers.check_meaning(node, upsert, results)
        if results or errors:
            self._answers.check_shape(node, operation, upsert, errors, results)

    def _check_way(self, node: Node, job: Job) -> None:
        """Note where not exactly one thing says how a job is asked about."""
        ways = {"operation": job.operation, "url": job.url, "url-header": job.url_header}
        given = [word for word, said in ways.items() if said is not None]
        if len(given) != 1:
            told = " and ".join(map(repr, given)) if given else "none of them"
            self._problems.add(
                node.locate(*_JOB, key=True),
                f"a job is asked about in one way, and job of x-upsert has {told}",
                "'operation' with 'id', or 'url', or 'url-header'",
                "keep the one that the API means" if given else "add what tells of the job",
            )
        pages = job.result_pages or job.error_pages
        if job.id is None and (job.operation or pages):
            self._problems.add(
                node.locate(*_JOB, key=True),
                "job of x-upsert names an operation that tells of a job, and no 'id' to ask it with",
                "id: the field of the first answer that holds the id of the job",
                "add id",
            )
        if job.id is not None and not (job.operation or pages):
            self._problems.add(
                node.locate(*_JOB, "id"),
                "id in job of x-upsert says nothing without 'operation', 'result-pages' or 'error-pages'",
                "words that say something",
                "add operation, or remove id",
            )
        if job.interval > job.maximum_seconds:
            self._problems.add(
                node.locate(*_JOB, "interval"),
                "job of x-upsert waits longer between two questions than it asks at all",
                "an interval that is not above maximum-seconds",
                "correct one of them",
            )

    def _check_values(self, node: Node, job: Job) -> None:
        """Note the values of a status that mean two things."""
        seen: dict[SpecText, str] = {}
        for word, values in (
            ("complete", job.complete),
            ("running", job.running),
            ("failed", job.failed),
        ):
            for number, value in enumerate(values):
                if seen.setdefault(value, word) != word:
                    self._problems.add(
                        node.locate(*_JOB, word, number),
                        f"the status {quoted(value.raw)} of a job is in {seen[value]!r} and in {word!r}",
                        "each status in one of 'complete', 'running' and 'failed'",
                        "leave it out of one of them",
                    )

    def _check_status(
        self, node: Node, job: Job, asked: Operation | None, bodies: Sequence[Type]
    ) -> None:
        """Check the field that says how far a job is, and its values, as far as a schema tells."""
        if asked is None or not self._find(node, (*_JOB, "status"), job.status, bodies):
            return
        ends = [end for one in bodies for end in self._search.at(one, steps_of(job.status))]
        kinds = [end for end in ends if isinstance(end, EnumerationType)]
        if not kinds or len(kinds) < len(ends):
            return
        known = {_written(one) for kind in kinds for one in kind.values}
        for word, values in (
            ("complete", job.complete),
            ("running", job.running),
            ("failed", job.failed),
        ):
            for number, value in enumerate(values):
                if value.raw not in known:
                    self._problems.add(
                        node.locate(*_JOB, word, number),
                        f"{quoted(value.raw)} in {word} of a job is no value of {quoted(job.status.raw)}",
                        f"one of {', '.join(map(quoted, sorted(known)))}",
                        "correct it, or the schema in an overlay",
                    )

    def _asked(
        self,
        node: Node,
        place: tuple[str, ...],
        operation_id: SpecText | None,
        upsert: Operation,
        operations: Sequence[Operation],
    ) -> Operation | None:
        """Return an operation that tells of jobs, and note why it cannot."""
        if operation_id is None:
            return None
        found = job_operation(operations, operation_id)
        here = node.locate(*place, "operation")
        if found is None:
            known = [one.operation_id.raw for one in operations]
            self._problems.add(
                here,
                f"{place[-1]} names {quoted(operation_id.raw)}, which is no operation of its version",
                "the operationId of an operation that tells of a job",
                did_you_mean(
                    operation_id.raw, known, "correct it, or import the operation as well"
                ),
            )
            return None
        if found.method != "GET":
            self._problems.add(
                here,
                f"{quoted(operation_id.raw)} is a {found.method}, and a job is asked about many times",
                "a GET",
                "name the operation that tells of a job",
            )
            return None
        needed = asked_arguments(found, upsert)
        if len(needed) != 1 or needed[0].location == "header":
            named = ", ".join(f"{one.location} {quoted(one.wire_name.raw)}" for one in needed)
            self._problems.add(
                here,
                f"{quoted(operation_id.raw)} needs {named or 'nothing'} besides arguments of the upsert",
                "one argument in the path or the query: the id of the job",
                "name another operation, or make the rest optional in an overlay",
            )
            return None
        if not answers_of(found):
            self._problems.add(
                here,
                f"no success response of {quoted(operation_id.raw)} has a body that could tell of a job",
                "a JSON body with a schema in a 2xx response",
                "add its schema, in an overlay if the spec is not yours",
            )
            return None
        return found

    def _told(
        self,
        node: Node,
        operation: Operation,
        operations: Sequence[Operation],
        word: str,
        pages: ResultPages | None,
        bodies: Sequence[Type],
    ) -> list[Type]:
        """Check where a job tells of its records, and return what it tells of each, where that is known."""
        way: SpecText | None = getattr(operation.upsert, word)
        if pages is None:
            if way is None or not bodies or not self._find(node, (_UPSERT, word), way, bodies):
                return []
            return self._search.listed_at(bodies, way)
        place = (*_JOB, f"{word[:-1]}-pages")
        if way is not None:
            self._problems.add(
                node.locate(_UPSERT, word),
                f"{word} of x-upsert says nothing beside {place[-1]} of its job, whose 'list' holds them",
                "one of both",
                f"remove {word}, or {place[-1]}",
            )
        asked = self._asked(node, place, pages.operation, operation, operations)
        if pages.next_parameter is not None and pages.next is None:
            self._problems.add(
                node.locate(*place, "next-parameter"),
                f"next-parameter in {place[-1]} of x-upsert says nothing without 'next'",
                "words that say something",
                "add next, the field of a page that asks for the next one",
            )
        if asked is None:
            return []
        listing = answers_of(asked)
        if pages.next is not None:
            self._find(node, (*place, "next"), pages.next, listing)
        parameters = {one.wire_name.raw for one in asked.parameters if one.location == "query"}
        if pages.next_parameter is not None and pages.next_parameter.raw not in parameters:
            self._problems.add(
                node.locate(*place, "next-parameter"),
                f"next-parameter of {place[-1]} names {quoted(pages.next_parameter.raw)}, which is no query "
                f"parameter of {quoted(pages.operation.raw)}",
                "a query parameter that takes what 'next' holds",
                "correct the name, or add the parameter in an overlay",
            )
        if not self._find(node, (*place, "list"), pages.list, listing):
            return []
        items = self._search.listed_at(listing, pages.list)
        if not items:
            self._problems.add(
                node.locate(*place, "list"),
                f"list in {place[-1]} of x-upsert names {quoted(pages.list.raw)}, which is no list",
                "a list whose items tell of records",
                "correct the name, or the schema in an overlay",
            )
        return items

    def _find(
        self, node: Node, place: tuple[str, ...], way: SpecText, bodies: Sequence[Type]
    ) -> bool:
        """Return whether a way leads to something in one of the answers about a job, and note if not."""
        if any(self._search.leads(one, steps_of(way)) for one in bodies):
            return True
        self._problems.add(
            node.locate(*place),
            f"{place[-1]} names {quoted(way.raw)}, which no answer about a job has",
            "a field of the answers of the operation that tells of it",
            "correct the name, or the schema in an overlay",
        )
        return False

    def _check_results(self, node: Node, upsert: Roles, results: Sequence[Type]) -> None:
        """Note what results are said to have, and those of jobs do not have."""
        for word, way in (
            ("created", upsert.created),
            ("result-id", upsert.result_id),
            ("warnings", upsert.warnings),
        ):
            if way is not None:
                self._fields.name(
                    node.locate(_UPSERT, word),
                    f"{word} of x-upsert names {quoted(way.raw)}, which no result of a job has",
                    found=any(self._search.leads(one, steps_of(way)) for one in results),
                )


def _written(value: object) -> str:
    """Return the value of a status as it is written in an overlay."""
    if isinstance(value, SpecText):
        return value.raw
    return json.dumps(value)
