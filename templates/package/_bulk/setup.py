"""What a bulk upsert is asked to do, checked before anything is read or sent."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import tzinfo
from enum import Enum
from functools import partial
from hashlib import blake2b
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self, cast

from pydantic_core import to_json

from .._properties.conversion import Converter
from .._properties.declarations import PropertiesError
from .._properties.files import Aliases, ObjectProperties, names_of, read_file
from .._properties.property import PROPERTY_TYPES, SEPARATOR, Property
from .._properties.texts import time_zone
from .._runtime.connection import AsyncConnection, Connection
from .._runtime.operation import UNSET, Call, CommaSeparated, Operation, Request
from .._runtime.roles import Roles
from .._runtime.suggestion import nearest
from .duplicates import DUPLICATES, Duplicates
from .envelope import Envelope, KeyPath, checked_fields, request_of
from .job_inquiry import JobInquiry
from .jobs import JobOperations
from .journal import JournalHeader
from .limiter import LocalRateLimiter, RateLimiter
from .outcomes import Status
from .progress import ProgressCallback
from .property_check import UNKNOWN_OPTIONS, PropertyCheck, UnknownOptions
from .record_fields import key_ways
from .request_body import RequestBody
from .state import StateHeader
from .values import NULLS, Null

_SWITCHES = ("convert", "full", "dry_run", "retry_rejected", "only_failed")
_DIGEST_SIZE = 16
_SHOWN = 100
"""How many characters of a value are shown that cannot be used."""


@dataclass(frozen=True)
class Options:
    """The options of a bulk upsert, checked; `resource.UpsertOptions` explains them."""

    duplicates: Duplicates = "error"
    null: Null = "leave"
    timezone: str | tzinfo | None = None
    properties: ObjectProperties | str | os.PathLike[str] | None = field(default=None, repr=False)
    unknown_options: UnknownOptions = "reject"
    convert: bool = False
    locale: str | None = None
    concurrency: int = 4
    limiter: RateLimiter | None = field(default=None, repr=False)
    time_budget: float | None = None
    journal: str | os.PathLike[str] | None = None
    state: str | os.PathLike[str] | None = None
    full: bool = False
    progress: ProgressCallback | None = field(default=None, repr=False)
    dry_run: bool = False
    start_at: int = 0
    retry_rejected: bool = False
    only_failed: bool = False

    def __post_init__(self) -> None:
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, and not {getattr(self, name)!r}")
        _check("start_at", self.start_at, Integral, "a whole number")
        if self.start_at < 0:
            raise ValueError("start_at must be 0 or more: it is the index of the first record")
        if self.journal is None and (self.retry_rejected or self.only_failed):
            name = "retry_rejected" if self.retry_rejected else "only_failed"
            raise ValueError(f"{name} needs the journal of the run that is meant")
        if self.journal is not None and self.start_at:
            raise ValueError("a journal knows where to go on; leave start_at out")
        for name, value, values in (
            ("duplicates", self.duplicates, DUPLICATES),
            ("null", self.null, NULLS),
            ("unknown_options", self.unknown_options, UNKNOWN_OPTIONS),
        ):
            if value not in values:
                allowed = ", ".join(map(repr, values))
                raise ValueError(f"{name} must be one of {allowed}, and not {value!r}")
        _check("concurrency", self.concurrency, Integral, "a whole number")
        if self.concurrency < 1:
            raise ValueError(
                "concurrency must be at least 1: it is how many requests may be under way"
            )
        if self.time_budget is not None:
            _check("time_budget", self.time_budget, Real, "a number of seconds, or None")
            if not (math.isfinite(self.time_budget) and self.time_budget > 0):
                raise ValueError("time_budget must be more than 0 seconds, or None for no limit")
        for name, file in (("journal", self.journal), ("state", self.state)):
            if file is not None:
                _check(name, file, (str, os.PathLike), "the path of a file, or None")
        if self.properties is not None:
            known = (ObjectProperties, str, os.PathLike)
            _check("properties", self.properties, known, "ObjectProperties, their file, or None")
        elif self.convert or self.unknown_options != "reject":
            name = "convert" if self.convert else "unknown_options"
            raise ValueError(f"{name} needs properties: only their types tell what is meant")
        if self.locale is not None:
            _check("locale", self.locale, str, "the name of a locale, such as 'de', or None")
            if not self.convert:
                raise ValueError("locale says how texts are converted, and needs convert=True")
        if self.full and self.state is None:
            raise ValueError(
                "full needs a state: it sends what the state knows to be unchanged as well"
            )
        if self.journal and self.state and _is_same(self.journal, self.state):
            raise ValueError("journal and state must be two files: a state outlives its runs")
        if self.progress is not None and not callable(self.progress):
            raise TypeError(f"progress must be a function, or None, and not {self.progress!r}")
        if self.limiter is not None:
            _check("limiter", self.limiter, RateLimiter, "a RateLimiter, or None")
        time_zone(self.timezone)

    @classmethod
    def of(cls, method: str, given: Mapping[str, Any]) -> Self:
        """Take the options that a caller gave.

        Args:
            method: What was called.
            given: The options by their names.

        Raises:
            TypeError: There is no such option, or it has another type.
            ValueError: An option has a value that cannot be used.
        """
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                near = nearest(name, known) or f"; its options are {', '.join(known)}"
                raise TypeError(f"{method}() has no option {name!r}{near}")
        return cls(**given)

    @property
    def repeats_keys(self) -> bool:
        """Whether several batches may be sent that share a key."""
        return self.duplicates in {"last", "merge"}

    @property
    def sent_again(self) -> frozenset[Status]:
        """The statuses in a journal whose records are sent again, besides the unknown ones."""
        rejected = {Status.REJECTED} if self.retry_rejected or self.only_failed else set[Status]()
        return frozenset(rejected if self.only_failed else {Status.NOT_SENT, *rejected})


@dataclass(frozen=True)
class RunPlan:
    """What a run is to do, as far as it decides what is sent and when.

    Attributes:
        operation: What is called.
        roles: Which fields play which part.
        id_property: The property that finds records; None if inputs have a field for their key.
        options: The options of the caller.
        properties: The properties that records are checked against, if they are known.
        inquiry: What asks about the jobs that write the records, if jobs do.
        envelope: What stands around the inputs of each request.
        key_path: What gives the URL of each request, if the path holds the key of its record.
        patience: Seconds that all attempts to send one request may take, with the delays between them.
        is_fast: Whether the libraries of the extra `fast` are used.
        record: The type of an input; None if all that it holds is text.
        constants: What each input holds, whatever the record.
        keys: The fields that find a record, where the caller named them.

    Raises:
        TypeError: The id property is no text.
        ValueError: An id property is needed and was not named, or the other way round.
    """

    operation: Operation[Any]
    roles: Roles
    id_property: str | None = None
    options: Options = field(default_factory=Options)
    patience: float = math.inf
    is_fast: bool = False
    properties: ObjectProperties | None = None
    inquiry: JobInquiry | None = None
    envelope: Envelope = field(default_factory=Envelope)
    key_path: KeyPath | None = None
    record: Any = None
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names_key = self.roles.properties is not None and self.roles.key_property is not None
        if names_key and not self.id_property:
            raise ValueError("id_property must name the unique property that records are found by")
        if self.id_property is not None:
            _check("id_property", self.id_property, str, "the name of a property")
        if not names_key and self.id_property is not None:
            keys = " or ".join(map(repr, key_ways(self.roles, self.keys)))
            raise ValueError(
                f"records of this operation are found by {keys}; leave id_property out"
            )
        if self.roles.properties is None and self.options.null == "clear":
            raise ValueError(
                "records of this operation are sent as they are, None as null; leave null out"
            )
        has_fields = not names_key or self.record is not None
        if has_fields and self.options.properties is not None:
            raise ValueError(
                "records of this operation have fields instead of properties; leave properties out"
            )

    def make_check(self) -> PropertyCheck | None:
        """Make what checks records, if properties are known.

        Raises:
            PropertiesError: The id property is none of them, or no key.
        """
        if self.properties is None:
            return None
        return PropertyCheck(
            self.properties,
            self.roles.property_rules,
            self.id_property or "",
            self.options.unknown_options,
            # Its errors can say what could be converted.
            None if self.options.convert else partial(self._converter, self.properties),
        )

    def make_converter(self) -> Converter | None:
        """Make what converts values, if that is wanted.

        Raises:
            ModuleNotFoundError: The locale needs a library that is not installed.
            ValueError: There is no such locale.
        """
        if self.properties is None or not self.options.convert:
            return None
        return self._converter(self.properties)

    def _converter(self, known: ObjectProperties) -> Converter:
        return Converter(
            known.properties,
            timezone=time_zone(self.options.timezone),
            locale=self.options.locale,
            separator=self.roles.separator or SEPARATOR,
        )


@dataclass(frozen=True)
class RunSetup:
    """Everything that a run needs but its connection and its records.

    Attributes:
        plan: What to send and when.
        limiter: Gives a permit for each request.
        request: The request, but for its body.
        header: What must be the same in all runs that share a journal.
        state_header: What must be the same in all runs that share a state.
    """

    plan: RunPlan
    limiter: RateLimiter
    request: Request
    header: JournalHeader
    state_header: StateHeader

    @classmethod
    def of(
        cls,
        connection: Connection | AsyncConnection,
        operation: Operation[Any],
        roles: Roles,
        version: str,
        id_property: str | None,
        call: Call[Any],
        options: Options,
        aliases: Aliases,
        body: RequestBody,
        fields: Mapping[str, object],
        jobs: JobOperations | None,
        record: Any,
        constants: Mapping[str, Any],
    ) -> Self:
        """Prepare a run; see `resource.upsert` for the arguments and what is raised."""
        if not options.dry_run:
            connection.require(operation.security)
        configuration = connection.configuration
        base_url, budget = configuration.base_url, configuration.time_budget
        patience = math.inf if budget is None else budget
        request, key_path = request_of(base_url, call, roles.key_parameter, roles.key)
        given = checked_fields(operation.name, body.arguments, fields)
        plan = RunPlan(
            operation,
            roles,
            id_property,
            options,
            patience,
            is_fast=configuration.is_fast,
            properties=_properties(
                operation, roles, call.path_arguments, options.properties, aliases
            ),
            envelope=Envelope.of(roles.inputs, body, given, roles.key if key_path else None),
            key_path=key_path,
            record=record,
            constants=constants,
            keys=_named_keys(roles.key_argument, given, call),
        )
        path = request.url.removeprefix(base_url)
        apart = _digest(given, call.headers)
        header = JournalHeader(
            operation=operation.name,
            version=version,
            path=f"{path} {apart}" if apart else path,
            id_property=id_property,
            maximum=roles.maximum,
            duplicates=options.duplicates,
            base_url=base_url,
        )
        if roles.job is not None:
            inquiry = JobInquiry(roles.job, roles, jobs or JobOperations(), request, call, base_url)
            plan = replace(plan, inquiry=inquiry)
        state_header = StateHeader(base_url, header.path, id_property)
        limiter = options.limiter or connection.shared(LocalRateLimiter)
        return cls(plan, limiter, request, header, state_header)


def _digest(fields: Mapping[str, object], headers: Mapping[str, object]) -> str:
    """Give what tells runs apart whose arguments are no part of the URL; nothing if there are none."""
    given = {name: value for name, value in headers.items() if value not in (None, UNSET)}
    if not fields and not given:
        return ""
    # They may be nobody else's business.
    text = to_json([sorted(fields.items()), sorted(given.items())], fallback=repr)
    return blake2b(text, digest_size=_DIGEST_SIZE).hexdigest()


def _named_keys(
    argument: str | None, fields: Mapping[str, Any], call: Call[Any]
) -> tuple[str, ...]:
    """Give the fields that find records, as far as an argument of the request names them."""
    if argument is None:
        return ()
    given = fields.get(argument, call.query.get(argument, call.headers.get(argument)))
    if isinstance(given, CommaSeparated):
        given = given.values
    if given is None or given is UNSET:
        return ()
    named = cast("Iterable[object]", [given] if isinstance(given, str) else given)
    return tuple(str(one.value if isinstance(one, Enum) else one) for one in named)


def _properties(
    operation: Operation[Any],
    roles: Roles,
    path_arguments: Mapping[str, object],
    given: ObjectProperties | str | os.PathLike[str] | None,
    aliases: Aliases,
) -> ObjectProperties | None:
    """Give the properties of the object type that is upserted.

    Raises:
        PropertiesError: They cannot be read, or are those of another one.
    """
    if given is None:
        return None
    named = operation.name.partition(".")[0]
    object_type = str(path_arguments.get(roles.object_type or "", named))
    if (
        given == ""
    ):  # As of an environment variable that is not set; the current folder is called ".".
        raise PropertiesError("properties is empty; name a file or a folder, or leave it out")
    if not isinstance(given, ObjectProperties):
        return read_file(os.fspath(given), object_type, roles.property_rules, aliases)
    if given.object_type not in names_of(object_type, aliases):
        raise PropertiesError(
            f"{given.source or 'properties'}: these are the properties of {given.object_type}, and not of "
            f"{object_type}"
        )
    if not isinstance(cast("object", given.properties), Mapping):
        raise PropertiesError(
            f"properties of {object_type}: must be a mapping of names to Property"
        )
    for name, one in cast("Mapping[str, object]", given.properties).items():
        if not isinstance(one, Property) or (one.name, one.type in PROPERTY_TYPES) != (name, True):
            raise PropertiesError(
                f"properties of {object_type}: {name!r} must be a Property of this name, whose type is "
                f"one of {', '.join(PROPERTY_TYPES)}"
            )
    return given


def _is_same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    return Path(one).resolve() == Path(other).resolve()


def _check(name: str, value: object, kinds: type | tuple[type, ...], wanted: str) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        text = repr(value)
        shown = text if len(text) <= _SHOWN else f"a {type(value).__name__}"
        raise TypeError(f"{name} must be {wanted}, and not {shown}")
