"""Checks records against the properties of the account, before a request is spent on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal, TypeAlias, cast, get_args

from .._properties.conversion import Converter
from .._properties.declarations import PropertiesError
from .._properties.files import ObjectProperties
from .._properties.property import (
    InvalidValue,
    Property,
    check_value,
    kind_of_wrong,
    may_be_key,
    problem_of,
    quick_check_of,
)
from .._properties.readers import ConversionError
from .._runtime.roles import PropertyRules
from .._runtime.suggestion import nearest
from .batch import Batch
from .outcomes import Problem, Status, Stop
from .source import UnreadableRecord

UnknownOptions: TypeAlias = Literal["reject", "send"]
"""What to do about a value that is none of the options that are known: the account may have new ones."""

UNKNOWN_OPTIONS: tuple[UnknownOptions, ...] = get_args(UnknownOptions)

_REMEMBERED = 4096
"""How many wrong values, and how many wrong names, are remembered."""

_EMPTY = frozenset({""})
_HELPFUL = ("locale", "timezone")
_MOST_NEAR = 100
"""Among how many names near ones are looked for, or for how many."""
_SHOWN_OPTIONS = 20
_SHOWN_CHARACTERS = 100
_PULL_AGAIN = "pull the properties again if it is new in the account"
_MEND = (
    f"leave it out of the records, name it as the account does, create it there, or {_PULL_AGAIN}"
)


class PropertyCheck:
    """Tells what properties an object type does not have, and what values they do not take.

    Args:
        known: The properties.
        rules: What holds for those of any account, and what the API says of values that do not fit.
        id_property: The property that finds records.
        unknown_options: What to do about unknown options.
        make_converter: Makes what could convert values, and does not; None if they are converted already.

    Raises:
        PropertiesError: The property that finds records cannot do so.
    """

    def __init__(
        self,
        known: ObjectProperties,
        rules: PropertyRules,
        id_property: str,
        unknown_options: UnknownOptions = "reject",
        make_converter: Callable[[], Converter] | None = None,
    ) -> None:
        self._known, self._rules = known, rules
        self._make_converter = make_converter
        self._converter: Converter | None = None
        self._longest = rules.longest_text
        self._declared = {
            name: (
                replace(one, options={})
                if unknown_options == "send" and one.type == "enumeration"
                else one
            )
            for name, one in known.properties.items()
            if one.is_writable
        }
        self._quick = {name: quick_check_of(one) for name, one in self._declared.items()}
        self._unwritable: dict[str, Problem] = {}
        self._wrong: dict[tuple[str, str, str, type], Problem] = {}
        self._check_key(id_property)
        self._key = self._declared[id_property]

    def accepts(
        self, keys: Sequence[str], records: Sequence[Mapping[str, str]], length: int
    ) -> bool:
        """Tell whether nothing is wrong with records of nothing but text.

        Args:
            keys: The values of the property that finds them.
            records: Their other values, by property.
            length: How many characters all of these have together.
        """
        longest = self._longest
        if longest is not None and length > longest:
            texts = chain(keys, chain.from_iterable(record.values() for record in records))
            if max(map(len, texts), default=0) > longest:
                return False
        for name, values in _by_property(records):
            if name not in self._quick:
                return False
            quick = self._quick[name]
            # Most properties have few values, and an empty text clears whatever the type is.
            if quick is not None and not all(map(quick, {*values} - _EMPTY)):
                return False
        quick = self._quick[self._key.name]
        return quick is None or all(map(quick, keys))

    def problems(
        self,
        key: str | None,
        texts: Mapping[str, str],
        values: Mapping[str, object] | None = None,
    ) -> tuple[Problem, ...]:
        """Say what is wrong with a record.

        Args:
            key: The value of the property that finds it; None if it has none that could be sent.
            texts: Its other values, by property.
            values: What they were before they were made texts, if that is known.
        """
        length = len(key or "") + sum(map(len, texts.values()))
        if self.accepts([] if not key else [key], [texts], length):
            return ()
        given = texts.items() if key is None else chain(((self._key.name, key),), texts.items())
        found: list[Problem] = []
        for name, value in given:
            declared = self._declared.get(name)
            if declared is None:
                found.append(self.unwritable(name))
                continue
            checked = check_value(declared, value, longest_text=self._longest)
            if isinstance(checked, InvalidValue):
                found.append(self._said(declared, checked, (values or texts).get(name, value)))
        return tuple(found)

    def converted(self, declared: Property, value: object) -> str:
        """Say what the option convert would make of a value; nothing if it would be no right one."""
        if self._make_converter is None:
            return ""
        if self._converter is None:
            self._converter = self._make_converter()
        try:
            converted = self._converter.convert(declared.name, value)
        except ConversionError as error:
            # Its message names the option that would help.
            needed = next((each for each in _HELPFUL if f"the option {each}" in str(error)), None)
            return f"the option convert reads it, with the option {needed}" if needed else ""
        if not isinstance(converted, str) or not self._is_right(declared, converted):
            return ""
        return f"the option convert makes {converted!r} of it"

    def declared(self, name: str) -> Property | None:
        """Give a property that may be written; None if there is none of that name."""
        return self._declared.get(name)

    def code_of_wrong(self, name: str) -> str | None:
        """Give the code of a value that means nothing that a property takes; None if it takes text."""
        declared = self._declared.get(name)
        kind = None if declared is None else kind_of_wrong(declared)
        return None if kind is None else problem_of(InvalidValue(name, kind, ""), self._rules)[0]

    def is_writable(self, name: str) -> bool:
        """Tell whether a property exists and may be written."""
        return name in self._declared

    def unwritable(self, name: str) -> Problem:
        """Say why a property cannot be written: it does not exist, is archived, or only the API writes it."""
        problem = self._unwritable.get(name)
        if problem is None:
            problem = self._said_of_name(str(name))
            if len(self._unwritable) < _REMEMBERED:
                self._unwritable[name] = problem
        return problem

    def _is_right(self, declared: Property, value: str) -> bool:
        checked = check_value(declared, value, longest_text=self._longest)
        return not isinstance(checked, InvalidValue)

    def _check_key(self, name: str) -> None:
        declared = self._known.properties.get(name)
        keys = [one.name for one in self._declared.values() if may_be_key(one, self._rules)]
        if declared is None or declared.archived:
            wrong = f"{self.unwritable(name).message}; {_PULL_AGAIN}"
        elif name not in self._declared:
            wrong = "only the API writes it"
        elif name not in keys:
            is_refused = declared.unique
            wrong = "the API finds no records by it" if is_refused else "its values are not unique"
        else:
            return
        shown = f"; {' or '.join(keys)} can be it" if keys else "; none of its properties can be it"
        raise PropertiesError(f"{self._where}: {name!r} cannot be the id property: {wrong}{shown}")

    @property
    def _where(self) -> str:
        return self._known.source or f"properties of {self._known.object_type}"

    def _said_of_name(self, name: str) -> Problem:
        declared = self._known.properties.get(name)
        if declared is not None and not declared.archived:
            return Problem(name, *problem_of(InvalidValue(name, "read_only", ""), self._rules))
        code, message = problem_of(InvalidValue(name, "unknown", ""), self._rules)
        if declared is not None:
            return Problem(name, code, f"{message}: it is archived")
        called = name.casefold()
        labelled = [one.name for one in self._declared.values() if one.label.casefold() == called]
        if labelled and called:
            names = " and of ".join(map(repr, labelled))
            return Problem(name, code, f"{message}; that is the label of {names}")
        # To look for it takes milliseconds, and records may have any number of names.
        near = nearest(name, self._declared) if len(self._unwritable) < _MOST_NEAR else ""
        return Problem(name, code, f"{message}{near}")

    def _said(self, declared: Property, wrong: InvalidValue, value: object) -> Problem:
        kind = declared.name, wrong.kind, _shown(wrong.value), type(value)
        problem = self._wrong.get(kind)
        if problem is None:
            problem = self._said_of_value(declared, wrong, value)
            if len(self._wrong) < _REMEMBERED:
                self._wrong[kind] = problem
        return problem

    def _said_of_value(self, declared: Property, wrong: InvalidValue, value: object) -> Problem:
        shown = wrong.options[:_SHOWN_OPTIONS]
        if len(shown) < len(wrong.options):
            shown = (*shown, f"… and {len(wrong.options) - len(shown):,} more")
        short = replace(wrong, value=_shown(wrong.value), options=shown)
        code, message = problem_of(short, self._rules)
        hint = self._hint(declared, wrong, value)
        return Problem(declared.name, code, f"{message.rstrip('.')}; {hint}" if hint else message)

    def _hint(self, declared: Property, wrong: InvalidValue, given: object) -> str:
        """Say what may have been meant by a value, and whether it could be converted to that."""
        if wrong.kind == "too_long" or not wrong.value:
            return ""
        # Of several options, one is wrong.
        meant = wrong.value if wrong.kind == "option" else given
        value, converted = wrong.value, self.converted(declared, meant)
        if wrong.kind == "option":
            options = [option for option, label in declared.options.items() if label == value]
            if len(options) > 1:
                return f"that is the label of the options {' and '.join(map(repr, options))}"
            if options:
                told = f"that is the option's label; its value is {options[0]!r}"
                return f"{told}, which the option convert sends" if converted else told
            if not converted and len(declared.options) <= _MOST_NEAR:
                return nearest(value[:_SHOWN_CHARACTERS], declared.options).removeprefix("; ")
        return converted


class UnwritableColumns:
    """Finds the properties that keep every record so far from being sent, as long as none could be.

    Args:
        check: What was checked.
    """

    def __init__(self, check: PropertyCheck) -> None:
        self._check = check
        self._is_settled = False
        self._refusal: Stop | None = None
        self._found = set[str]()

    def look_at(self, batch: Batch) -> Stop | None:
        """Look at the next batch, before anything of it is sent.

        Records that have such a property count as not sent: nothing is wrong with them alone.

        Args:
            batch: The batch.

        Returns:
            Why nothing is to be sent, and what to do about it; None if something may be.
        """
        if self._refusal is None:
            if self._is_settled:
                return None
            # The first batch decides; if none of its records can be read, the next one.
            found = set[str]() if batch.inputs else self._in_common(batch)
            self._is_settled = found is not None
            if not found:
                return None
            problems = tuple(map(self._check.unwritable, sorted(found)))
            told = "; ".join(each.message.rstrip(".") for each in problems)
            reason = f"{told}; all records that were read so far have it"
            self._found, self._refusal = found, Stop(reason, _MEND, problems=problems)
        for position, outcome in batch.outcomes.items():
            if any(each.property in self._found for each in outcome.problems):
                batch.outcomes[position] = batch.outcome(
                    position, Status.NOT_SENT, reason=self._refusal.reason
                )
        return self._refusal

    def _in_common(self, batch: Batch) -> set[str] | None:
        """Give the properties that all records have that could be read; None if there are none of these."""
        common: set[str] | None = None
        for outcome in batch.outcomes.values():
            record = cast("object", outcome.record)
            if isinstance(record, UnreadableRecord) or not isinstance(record, Mapping):
                continue
            told = {each.property for each in outcome.problems if each.property is not None}
            names = {name for name in told if not self._check.is_writable(name)}
            common = names if common is None else common & names
        return common


def _by_property(
    records: Iterable[Mapping[str, str]],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the values of records by property, those of records that have the same ones in one go."""
    alike: dict[tuple[str, ...], list[Iterable[str]]] = {}
    for record in records:
        alike.setdefault(tuple(record), []).append(record.values())
    for names, rows in alike.items():
        yield from zip(names, zip(*rows, strict=True), strict=True)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
