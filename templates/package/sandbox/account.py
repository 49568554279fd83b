"""What a running sandbox holds: records, limits and faults, and what became of requests.

`Sandbox` shows it to programs, `administration` to tests that ask by HTTP, and `application` is the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from .._properties.declarations import PropertiesError
from .._properties.files import read_files
from .._properties.property import Property, key_of
from .clock import Clock, parse_clock, parse_latency
from .contract import AccountLimits, load_contract
from .database import LARGEST_ID
from .errors import DeclarationError, FaultError, NotFoundError, SandboxError, hint
from .fault_answers import fits
from .faults import PARAMETERS, Faults, Pending, Schedule, parse_fault, parse_schedule
from .jobs import Jobs
from .limits import Limits
from .request_log import KEPT_BODIES, RequestLog
from .store import Record, Snapshot, Store

REMEMBERED_TOKENS = 5
_SEARCHED_AT_ONCE = 1000


@dataclass(frozen=True)
class Options:
    """What a sandbox does, where there is a choice.

    Attributes:
        database: The file that keeps records and properties; None keeps them in memory.
        properties: What declares properties: files or folders of these, or `TYPE=FILE` for an export of the
            API.
        create_properties: Whether unknown properties are created when they are first written.
        tokens: The bearer tokens that are accepted, and the scopes of each, None for all of them.
            Without any, every token is accepted and has all scopes.
        burst_limit: How many requests a token has in the rolling window; None for no limit, "default"
            for that of the specification.
        daily_limit: How many requests the account has in a day; the same.
        lock_after: How many records within a second lock the account; None for never.
        faults: A schedule of faults, such as `seed=7,rate=0.1`.
        profile: The kind of account or app whose limits hold, as the specification names it; None for the
            usual one. A limit that is given goes before.
        latency: How long answers take at least, such as `80ms±20`; None for no time.
        job_time: How long jobs take until they are complete, as `latency`; None for no time.
        clock: What records and answers take for the time: a moment at which it stands still, or a shift
            such as `+2d`; None for the real time.
        seeds: Records to begin with, each `TYPE=FILE`; the file is CSV, JSON or JSON Lines.
        keep_bodies: How many of the last requests are kept with what was sent and answered, up to 1 MiB of
            each.
        allowed_hosts: Names by which the sandbox is reached besides its address and "localhost", such as
            that of a container.
        admin_token: The bearer token of requests below `/_sandbox`; None for none, or where other machines
            can reach the sandbox for one that is made.
    """

    database: Path | None = None
    properties: tuple[str, ...] = ()
    create_properties: bool = False
    tokens: Mapping[str, frozenset[str] | None] = field(
        default_factory=dict[str, frozenset[str] | None], repr=False
    )
    burst_limit: int | Literal["default"] | None = "default"
    daily_limit: int | Literal["default"] | None = "default"
    lock_after: int | None = None
    faults: str | None = None
    profile: str | None = None
    latency: str | None = None
    job_time: str | None = None
    clock: str | None = None
    seeds: tuple[str, ...] = ()
    keep_bodies: int = KEPT_BODIES
    allowed_hosts: tuple[str, ...] = ()
    admin_token: str | None = field(default=None, repr=False)


class Account:
    """What a running sandbox holds.

    Args:
        options: How it is set up.

    Attributes:
        options: How it is set up.
        contract: What the specification says.
        store: Where records are kept.
        limits: What may be asked for in which time.
        faults: What is to go wrong.
        requests: The last requests, and what became of them.
        tokens: The last tokens that were used, oldest first.
        expired: The tokens that have expired.
        clock: What records and answers take for the time.
        latency: How long answers take at least; None for no time.
        jobs: The jobs that were begun.

    Raises:
        SandboxError: The database, the declared properties, the schedule of faults, the profile, the clock or
            the latency cannot be used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.contract = load_contract()
        self.clock = Clock() if options.clock is None else parse_clock(options.clock)
        self.latency = None if options.latency is None else parse_latency(options.latency)
        usual = self._usual_limits()
        burst, daily = options.burst_limit, options.daily_limit
        self.limits = Limits(
            burst=usual.burst if burst == "default" else burst,
            burst_seconds=usual.burst_seconds,
            daily=usual.daily if daily == "default" else daily,
            lock_after=options.lock_after,
            lock_seconds=usual.lock_seconds,
            today=lambda: self.clock.now().date(),
        )
        self.requests = RequestLog(options.keep_bodies)
        self.tokens: dict[str, None] = {}
        self.expired: set[str] = set()
        self.jobs = Jobs(
            self.clock, None if options.job_time is None else parse_latency(options.job_time)
        )
        self.faults = Faults(None if options.faults is None else self._fitting(options.faults))
        self._complete: set[str] = set()
        self.store = Store(options.database, self._standard)
        try:
            self.store.rename({old: self.label_of(old) for old in self.contract.old_names})
            self._declare()
        except BaseException:
            self.store.close()
            raise

    def _fitting(self, text: str) -> Schedule:
        """Read a schedule, and leave out what never fits a request."""
        schedule, fitting = parse_schedule(text), self.fault_kinds()
        kinds = tuple(kind for kind in schedule.kinds if kind in fitting)
        if not kinds:
            named = ", ".join(schedule.kinds)
            raise FaultError(f"{named} fit no request; {hint(named, list(fitting))}")
        return replace(schedule, kinds=kinds)

    def _usual_limits(self) -> AccountLimits:
        profiles, asked = self.contract.behaviour.profiles, self.options.profile
        if asked is not None and asked not in profiles:
            raise SandboxError(f"there is no profile {asked!r}; {hint(asked, profiles)}")
        usual = self.contract.behaviour.limits
        own: Mapping[str, Any] = {} if asked is None else profiles[asked]
        return AccountLimits.model_validate({**usual.model_dump(by_alias=True), **own})

    def _declare(self) -> None:
        """Declare what options ask for."""
        try:
            declared = read_files(self.options.properties, self.contract.property_rules)
        except PropertiesError as error:
            raise DeclarationError(str(error)) from error
        for asked, known_of_type in declared.items():
            properties = known_of_type.properties.values()
            label = self.label_of(asked)
            if known_of_type.is_complete:
                self._complete.add(label)
            known = self.contract.standard_properties.of(label)
            self.store.declare(label, [_as_known(one, known.get(one.name)) for one in properties])

    def _standard(self, label: str) -> Mapping[str, Property]:
        """Return the properties of an object type that every account has and this one need not declare."""
        # What an account lists is all that it has.
        return {} if label in self._complete else self.contract.standard_properties.of(label)

    def label_of(self, asked: str) -> str:
        """Return the name under which an object type is kept, of its name or an alias that the API knows."""
        return self.contract.object_types.get(asked, asked)

    def object_types(self) -> dict[str, int]:
        """Return how many records there are, by object type: all that are named, declared or used."""
        named = {
            one.label: 0
            for one in self.contract.operations
            if one.roles is not None and one.roles.object_type not in one.arguments
        }
        declared = dict.fromkeys(self.store.declared_types(), 0)
        return dict(sorted({**named, **declared, **self.store.counts()}.items()))

    def known_type(self, asked: str) -> str:
        """Return the name under which an object type is kept, of its name or an alias that the API knows.

        Raises:
            NotFoundError: There is no such object type.
        """
        label, known = self.label_of(asked), self.object_types()
        if label in known or self.store.properties(label):
            return label
        raise NotFoundError(f"there is no object type {asked!r}; {hint(asked, known)}")

    def records(self, label: str, text: str, after: int = 0, limit: int = 100) -> list[Record]:
        """Return records of an object type that hold a text, in the order of their ids.

        Args:
            label: The object type, as `known_type` gives it.
            text: What is contained in a value or is the id, in upper or lower case; empty for all records.
            after: The id behind which they begin.
            limit: The most records.
        """
        found: list[Record] = []
        wanted = text.casefold()
        while len(found) < limit:
            page = self.store.page(label, after, max(limit, _SEARCHED_AT_ONCE) if text else limit)
            found += [one for one in page if not text or _holds(one, wanted)]
            if not text or len(page) < max(limit, _SEARCHED_AT_ONCE):
                break
            after = page[-1].id
        return found[:limit]

    def record(self, asked: str, key: str, id_property: str | None = None) -> Record:
        """Return a record.

        Args:
            asked: Its object type.
            key: Its id, or its value of another property.
            id_property: That property, which must be one with unique values.

        Raises:
            NotFoundError: There is no such record or object type.
            SandboxError: There is no such unique property, or the id is no number.
        """
        label = self.known_type(asked)
        if id_property is None:
            found, which = self._read_id(label, key), f"id {key}"
        else:
            found, which = self._find(label, id_property, key), f"{id_property} {key!r}"
        record = None if found is None else self.store.get(label, found)
        if record is None:
            raise NotFoundError(f"there is no record of {label} with the {which}")
        return record

    def _read_id(self, label: str, text: str) -> int | None:
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
        if not is_number or int(text) > LARGEST_ID:
            raise SandboxError(
                f"the id of a record of {label} is a whole number; got {text!r}; expected "
                "another property of it to be named, as in ?id_property=NAME"
            )
        return int(text)

    def _find(self, label: str, id_property: str, value: str) -> int | None:
        declared = self.store.in_use(label)
        # Of what has no properties, only the specification knows what it is found by.
        if declared:
            found = declared.get(id_property)
            if found is None or not found.unique:
                none = f"{label} has no property {id_property!r}"
                wrong = none if found is None else f"{id_property} of {label} is not unique"
                unique = sorted(name for name, one in declared.items() if one.unique)
                raise SandboxError(f"{wrong}; {hint(id_property, unique)}")
            value = key_of(found, value)
        return self.store.find(label, id_property, [value]).get(value)

    def resources(self) -> list[str]:
        """Return what faults can be for."""
        return sorted({operation.resource for operation in self.contract.operations})

    def fault_kinds(self) -> dict[str, tuple[str, ...]]:
        """Return the kinds of faults that fit some request, with what each leaves open."""
        operations = self.contract.operations
        return {
            kind: parameters
            for kind, parameters in PARAMETERS.items()
            if any(fits(kind, one) for one in operations)
        }

    def add_fault(self, fault: str, times: int = 1, resource: str | None = None) -> None:
        """Let something go wrong with the next requests.

        Args:
            fault: What, as `parse_fault` reads it.
            times: For how many requests.
            resource: The resource whose requests meet it; None for any.

        Raises:
            FaultError: There is no such fault, it cannot happen so often, or it fits no such request.
            SandboxError: There is no such resource.
        """
        known = self.resources()
        if resource is not None and resource not in known:
            raise SandboxError(f"there is no resource {resource!r}; {hint(resource, known)}")
        read = parse_fault(fault)
        asked = (one for one in self.contract.operations if resource in {None, one.resource})
        if not any(fits(read.kind, one) for one in asked):
            raise FaultError(
                f"{read.kind!r} fits no request for {resource or 'the API'}, only some upserts"
            )
        self.faults.add(Pending(read, times, resource))

    def remember_token(self, token: str) -> None:
        """Keep a token as the last one that was used, and forget the oldest if there are too many."""
        self.tokens.pop(token, None)
        self.tokens[token] = None
        if len(self.tokens) > REMEMBERED_TOKENS:
            del self.tokens[next(iter(self.tokens))]

    def reset(self) -> None:
        """Remove all records, requests and faults, and start to count anew. Properties stay.

        Raises:
            StoreError: The database cannot be written.
        """
        self.store.reset()
        self._start_anew()

    def restore(self, snapshot: Snapshot) -> None:
        """Put records and properties back as they were, drop requests and faults, and count anew.

        Raises:
            StoreError: The database cannot be written.
        """
        self.store.restore(snapshot)
        self._start_anew()

    def _start_anew(self) -> None:
        self.faults.clear()
        self.limits.reset()
        self.requests.clear()
        self.tokens.clear()
        self.expired.clear()
        self.jobs.clear()


def _as_known(declared: Property, standard: Property | None) -> Property:
    """Give a declared property with what a listing may not say, such as that an email is a key."""
    if standard is None:
        return declared
    is_email = declared.type == "string" and standard.type == "email"
    type_ = standard.type if is_email else declared.type
    return replace(declared, type=type_, unique=declared.unique or standard.unique)


def _holds(record: Record, text: str) -> bool:
    values = map(str, record.properties.values())
    return str(record.id) == text or any(text in value.casefold() for value in values)


def record_json(record: Record) -> dict[str, Any]:
    """Give a record as a JSON object. Its id is a text, as in the answers of the API."""
    fields = {**record._asdict(), "id": str(record.id), "properties": dict(record.properties)}
    if record.archived_at is None:
        del fields["archived_at"]
    return fields
