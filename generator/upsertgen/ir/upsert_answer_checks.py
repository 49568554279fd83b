"""What `x-upsert` says of answers, compared with what the success responses of its operation have."""

from __future__ import annotations

import json
from collections.abc import Sequence

from upsertgen.errors import quoted
from upsertgen.ir.body_search import WHOLE, steps_of
from upsertgen.ir.field_checks import FieldChecks, answers_of
from upsertgen.ir.tree import AnyType, EnumerationType, Operation, ScalarType, Type
from upsertgen.ir.vocabulary import PropertyListing, Roles
from upsertgen.ir.words import Owner, texts, words
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node

_UPSERT = "x-upsert"
_ACCEPTED = "202"
_BY_POSITION, _BY_NAME = "position", "name"
_NAMES = ("trace-ids", "keys", "position")
"""What tells which records an error is about."""
_UNNAMED = ("message", "code", "details", *_NAMES)
"""What an error body, or an item of the errors of an answer, has itself."""
_NEEDED = {
    "results_by": "results",
    "result_status": "results",
    "created": "results",
    "result_id": "results",
    "warnings": "results",
    "created_values": "created",
    "updated_values": "created",
}
"""Words that say nothing without another one."""
_SPELLING = {word.name: word.spelling for word in words(Roles)}


class UpsertAnswerChecks:
    """Checks what upserts say of their answers.

    Args:
        fields: Looks for fields.
    """

    def __init__(self, fields: FieldChecks) -> None:
        self._fields = fields
        self._search = fields.search
        self._problems = fields.problems

    def check_call(self, node: Node, operation: Operation, upsert: Roles) -> bool:
        """Return whether the answers of an operation can tell of records, and note if they cannot."""
        told = (upsert.results, upsert.errors, upsert.count)
        if upsert.job is not None or not any(told):
            self._check_mere_success(node, operation, upsert)
            return True
        if answers_of(operation):
            return True
        # A body that cannot be read is a problem already.
        if not self._problems:
            self._problems.add(
                node.locate(_UPSERT, key=True),
                "no success response of the operation has a body that could hold the results of x-upsert",
                "a JSON body with a schema in a 2xx response",
                "add its schema, in an overlay if the spec is not yours",
            )
        return False

    def owners(self, node: Node, operation: Operation, upsert: Roles) -> dict[Owner, list[Type]]:
        """Return what has to have the fields that answers are said to have, and note what is no list."""
        if upsert.job is not None:
            # What tells of records stands in the answers about the job.
            return {Owner.ANSWER: [], Owner.RESULT: []}
        answers, items = answers_of(operation), list[Type]()
        way = upsert.results
        if way is not None and self._fields.have(way, answers):
            found = [self._results(operation, upsert, way, one) for one in answers]
            items = [one for each in found for one in each]
            if not all(found):
                self._note_form(node, upsert, way)
        return {Owner.ANSWER: answers, Owner.RESULT: items}

    def check(
        self,
        node: Node,
        operation: Operation,
        upsert: Roles,
        owners: dict[Owner, list[Type]],
    ) -> None:
        """Check what is said of answers, but for the names that `owners` have to have.

        Args:
            node: The operation.
            operation: The same as it is in the tree.
            upsert: What is said.
            owners: What `owners` returned.
        """
        answers, results = owners[Owner.ANSWER], owners[Owner.RESULT]
        self._check_silence(node, upsert)
        if upsert.errors is not None and self._fields.have(upsert.errors, answers):
            self._check_errors(node, upsert, upsert.errors, answers)
        if upsert.count is not None:
            self._check_count(node, upsert.count, answers)
        if upsert.warnings is not None:
            self._fields.name(
                node.locate(_UPSERT, "warnings"),
                f"warnings of x-upsert names {quoted(upsert.warnings.raw)}, which no result has",
                found=any(self._search.has(one, upsert.warnings) for one in results),
            )
        if results:
            if not self._holds_one(operation, upsert):
                self._check_whose(node, upsert, results)
            self.check_meaning(node, upsert, results)
        if upsert.job is None:
            ends = [
                end
                for answer in answers
                for end in (
                    self._search.at(answer, steps_of(upsert.errors)) if upsert.errors else ()
                )
            ]
            items = [
                one
                for end in ends
                for one in (*self._search.listed(end), *self._search.values(end))
            ]
            self.check_shape(node, operation, upsert, items, results)

    def _check_mere_success(self, node: Node, operation: Operation, upsert: Roles) -> None:
        statuses = {one.status for one in operation.responses}
        if upsert.job is None and statuses == {_ACCEPTED}:
            self._problems.add_note(
                node.locate(_UPSERT, key=True),
                "the operation answers 202, which says that records will be written, and x-upsert has no "
                "'job' that tells when they are: they count as written",
            )

    def _check_silence(self, node: Node, upsert: Roles) -> None:
        """Note the words that say nothing beside the others."""
        job = upsert.job
        lists_results = upsert.results or (job is not None and job.result_pages)
        lists_errors = upsert.errors or (job is not None and job.error_pages)
        given = {"results": lists_results, "errors": lists_errors, "created": upsert.created}
        for name, needed in _NEEDED.items():
            if getattr(upsert, name) and not given[needed]:
                self._note_silence(node, (_SPELLING[name],), f"without {needed!r}", f"add {needed}")
        shape = upsert.error
        named = {word.spelling: one for word, one in texts(shape) if word.spelling in _NAMES}
        by_position = lists_results and _by(upsert) == _BY_POSITION
        for spelling in named:
            if not lists_errors and not (by_position and spelling == "position"):
                self._note_silence(node, ("error", spelling), "without 'errors'", "add errors")
        if "trace-ids" in named and upsert.trace_id is None:
            self._note_silence(node, ("error", "trace-ids"), "without 'trace-id'", "add trace-id")
        if upsert.count is not None and lists_results:
            beside = "beside 'results', which tells of each record"
            self._note_silence(node, ("count",), beside, "remove results")
        by_trace = lists_results and _by(upsert) != _BY_POSITION
        if upsert.trace_id is not None and not by_trace and "trace-ids" not in named:
            told = "where no result and no error of an answer repeats it"
            self._note_silence(node, ("trace-id",), told, "add what names it")

    def _note_silence(self, node: Node, way: tuple[str, ...], told: str, mend: str) -> None:
        self._problems.add(
            node.locate(_UPSERT, *way),
            f"{way[-1]} of x-upsert says nothing {told}",
            "words that say something",
            f"{mend}, or remove {way[-1]}",
        )

    def _results(
        self, operation: Operation, upsert: Roles, way: SpecText, answer: Type
    ) -> list[Type]:
        """Return what the results of an answer may be; nothing where they are of another form."""
        ends = self._search.at(answer, steps_of(way))
        if _by(upsert) == _BY_NAME:
            return [one for end in ends for one in self._search.values(end)]
        item = self._search.items(answer, way)
        if item is not None and (upsert.results_by is not None or self._search.is_object(item)):
            return [item]
        is_one = self._holds_one(operation, upsert)
        return [one for one in ends if is_one and self._search.is_object(one)]

    def _holds_one(self, operation: Operation, upsert: Roles) -> bool:
        """Return whether a request holds one record, so that its answer is about that."""
        body = operation.body
        return body is not None and self._search.items(body.type, upsert.inputs) is None

    def _note_form(self, node: Node, upsert: Roles, way: SpecText) -> None:
        form, expected = {
            _BY_NAME: ("object of results by their names", "an object whose values are results"),
            _BY_POSITION: ("list", "a list with a result for each record"),
        }.get(_by(upsert), ("list of objects", "a list whose items are objects"))
        self._problems.add(
            node.locate(_UPSERT, "results"),
            f"results of x-upsert names {quoted(way.raw)}, which is no {form}",
            expected,
            "correct the name, or the schema in an overlay",
        )

    def _check_errors(
        self, node: Node, upsert: Roles, way: SpecText, answers: Sequence[Type]
    ) -> None:
        if _by(upsert) == _BY_NAME and all(
            any(map(self._search.values, self._search.at(one, steps_of(way)))) for one in answers
        ):
            return
        says_whole = any(one.raw == WHOLE for _, one in texts(upsert.error))
        if not (says_whole and all(self._search.items(one, way) for one in answers)):
            self._fields.check_list(node, (_UPSERT, "errors"), way, answers)

    def _check_count(self, node: Node, way: SpecText, answers: Sequence[Type]) -> None:
        if self._is_scalar(answers, way, ("integer", "number")):
            return
        self._problems.add(
            node.locate(_UPSERT, "count"),
            f"count of x-upsert names {quoted(way.raw)}, which is no number",
            "a field for the number of records that were written",
            "correct the name, or the schema in an overlay",
        )

    def _check_whose(self, node: Node, upsert: Roles, results: Sequence[Type]) -> None:
        """Note that nothing tells which record a result belongs to."""
        if upsert.results_by is not None or self._problems:
            # What is named and not there is a problem already.
            return
        keys = [upsert.key, *upsert.alternative_keys, upsert.trace_id]
        if upsert.key_property is not None and upsert.properties is not None:
            keys = [upsert.properties, upsert.trace_id]
        ways = [one for one in keys if one is not None]
        if all(any(self._search.leads(one, steps_of(way)) for way in ways) for one in results):
            return
        self._problems.add(
            node.locate(_UPSERT, "results"),
            "nothing tells to which records the results belong: they have no "
            f"{' and no '.join(quoted(one.raw) for one in ways)}",
            "results that repeat the key or the trace id of their record, or 'results-by' beside 'results'",
            "add results-by: position if there is one for each record, in their order, or correct the schema "
            "in an overlay",
        )

    def check_meaning(self, node: Node, upsert: Roles, results: Sequence[Type]) -> None:
        """Check the values by which results say what became of records.

        Args:
            node: The operation.
            upsert: What is said.
            results: What an answer, or a job, tells of a record.
        """
        status = upsert.result_status
        if status is not None:
            place = (_UPSERT, "result-status")
            self._fields.check_fields(node, place, status, {Owner.RESULT: results})
            self._check_values(node, (*place, "accepted"), status.field, status.accepted, results)
        if upsert.created is None:
            return
        created = {
            "created-values": upsert.created_values,
            "updated-values": upsert.updated_values,
        }
        for spelling, values in created.items():
            self._check_values(node, (_UPSERT, spelling), upsert.created, values, results)
        if not any(created.values()) and not self._is_scalar(results, upsert.created, ("boolean",)):
            self._problems.add(
                node.locate(_UPSERT, "created"),
                f"created of x-upsert names {quoted(upsert.created.raw)}, which is neither true nor false",
                "a boolean, or 'created-values' beside 'created'",
                "add created-values, the values of it that mean that the record was created",
            )

    def _check_values(
        self,
        node: Node,
        place: tuple[str, ...],
        way: SpecText,
        values: Sequence[SpecText],
        results: Sequence[Type],
    ) -> None:
        """Note each value that a field of results never has, where the spec names them."""
        ends = [one for result in results for one in self._search.plain_at(result, steps_of(way))]
        known: set[str] = {"null"}
        for one in ends:
            if isinstance(one, ScalarType) and one.name == "boolean":
                known |= {"true", "false"}
            elif isinstance(one, EnumerationType):
                known |= {_spelled(value) for value in one.values}
            else:
                return
        for number, value in enumerate(values) if ends else ():
            if value.raw not in known:
                self._problems.add(
                    node.locate(*place, number),
                    f"{place[-1]} of {place[0]} has {quoted(value.raw)}, which {quoted(way.raw)} never is",
                    f"one of {', '.join(map(quoted, sorted(known)))}",
                    "correct the value, or the schema in an overlay",
                )

    def _is_scalar(self, kinds: Sequence[Type], way: SpecText, names: tuple[str, ...]) -> bool:
        """Return whether a field of some types may be a scalar of some kinds, as far as that is known."""
        ends = [one for kind in kinds for one in self._search.plain_at(kind, steps_of(way))]
        return not ends or any(
            isinstance(one, AnyType)
            or (isinstance(one, ScalarType) and one.name in names)
            or (isinstance(one, EnumerationType) and _kind(one.values[0]) in names)
            for one in ends
        )

    def check_shape(
        self,
        node: Node,
        operation: Operation,
        upsert: Roles,
        errors: Sequence[Type],
        results: Sequence[Type],
    ) -> None:
        """Note what `error` of `x-upsert` names, and neither error bodies nor items of answers have.

        Args:
            node: The operation.
            operation: The same as it is in the tree.
            upsert: What is said.
            errors: The items of errors of an answer, or a job.
            results: Those of results.
        """
        if upsert.result_status is None and _by(upsert) != _BY_POSITION:
            results = ()
        bodies = [one for one in (operation.error, *errors, *results) if one is not None]
        shape = upsert.error
        inner = self._search.objects_at(bodies, shape.details)
        for word, name in texts(shape):
            if word.spelling.startswith("problem-"):
                # They stand in a text, of which no schema tells.
                continue
            kinds = bodies if word.spelling in _UNNAMED else inner
            called = "error body and no item of the errors" if kinds is bodies else "detail"
            self._fields.name(
                node.locate(_UPSERT, "error", word.spelling),
                f"{word.spelling} in error of x-upsert names {quoted(name.raw)}, which no {called} has",
                found=any(self._search.leads(one, steps_of(name)) for one in kinds),
            )

    def check_listing(self, node: Node, said: PropertyListing, answers: Sequence[Type]) -> None:
        """Note what is said of a listing of properties and such listings do not have.

        Args:
            node: The upsert.
            said: What it says.
            answers: The bodies of the listing's success responses.
        """
        place = (_UPSERT, "property-rules", "listing")
        items = self._search.listed_at(answers, said.list)
        options = self._search.listed_at(items, said.options)
        for word, name in texts(said):
            owners = {"list": answers, "option": options, "option-label": options}
            self._fields.name(
                node.locate(*place, word.spelling),
                f"{word.spelling} in listing of x-upsert names {quoted(name.raw)}, which no listing of "
                "properties has",
                found=any(
                    self._search.leads(one, steps_of(name))
                    for one in owners.get(word.spelling, items)
                ),
            )
        if said.multiple is not None:
            field = said.multiple.field.raw
            self._fields.name(
                node.locate(*place, "multiple", "field"),
                f"field in multiple of x-upsert names {quoted(field)}, which no listing of properties has",
                found=any(self._search.leads(one, steps_of(said.multiple.field)) for one in items),
            )


def _by(upsert: Roles) -> str:
    return upsert.results_by.raw if upsert.results_by else ""


def _spelled(value: object) -> str:
    """Return a value as clients compare it with texts."""
    return value.raw if isinstance(value, SpecText) else json.dumps(value)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "string"
