"""A batch of records with what is sent for them, and the parts in which it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias, cast

from .._runtime.attempt import Attempt
from .._runtime.roles import Roles
from .envelope import Envelope, json_of
from .jobs import PendingJob
from .outcomes import Outcome, Problem, Status

TRACE_PREFIX = "record-"
"""What the trace ids of a run begin with as long as it has no name of its own."""

Encoder: TypeAlias = Callable[[object], bytes]
"""Gives the JSON of inputs."""

_DIGEST_SIZE = 16
_WITH_DIGIT = re.compile(r"[\w-]*\d[\w-]*")
_NOT_KNOWN = frozenset({Status.NOT_SENT})
_SENT_AGAIN = "it was being sent again when the run ended"
_MAY_BE_STORED = "it was sent before, and may be stored"

MOST_REPLAYS = 2
"""With a fault in every tenth request, one replay leaves up to 1 % of the records in doubt, two 0.1 %."""


class Mark(NamedTuple):
    """How a state knows an input.

    Attributes:
        key: A digest of its key.
        digest: A digest of its key and of what is sent.
        before: The digest of what was accepted last; None if that is not known.
    """

    key: int
    digest: bytes
    before: bytes | None


@dataclass(slots=True, eq=False)
class Batch:
    """Records that follow each other in the source, with the inputs that are sent for them.

    A record has a *position*: its place in the batch.

    Attributes:
        number: The number of the batch in the run, counted from 0.
        first_index: The index of its first record.
        records: The records, as they were given.
        outcomes: What became of each, as far as it is known, by position.
        inputs: What is sent, at most one for each record.
        positions: For each input, the position of its record.
        keys: For each input, its key in the form in which keys are compared.
        followers: For the position of a record that is sent, those of the records merged into it.
        repeats: For the position of a record that is not sent, the index of the earlier one of the run
            that is sent in its place.
        content: The inputs in JSON, until the batch is first sent.
        undecided: How many inputs have no outcome yet.
        earlier: For the position of a record that an earlier run has sent, or may have: what it means
            now if the API says that it was updated.
        digest: A digest of the records, until a journal knows that they are being sent.
        padded: For the position of a record whose key has blanks around it, the property and the key.
        marks: For the position of a record that is sent, how a state knows it, if there is a state.
        members: The batches that it was joined of, if it was.
        jobs: The jobs of which it is not known what became of their records. Those that an earlier run
            knew have the first inputs, one after the other.
    """

    number: int
    first_index: int
    records: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    inputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    positions: list[int] = field(default_factory=list[int])
    keys: list[str] = field(default_factory=list[str])
    followers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    repeats: dict[int, int] = field(default_factory=dict[int, int])
    content: bytes = b""
    undecided: int = 0
    earlier: dict[int, Status] = field(default_factory=dict[int, Status])
    digest: bytes = b""
    padded: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    marks: dict[int, Mark] = field(default_factory=dict[int, Mark])
    members: list[Batch] = field(default_factory=list["Batch"])
    jobs: list[PendingJob] = field(default_factory=list[PendingJob])

    @classmethod
    def joined(cls, members: list[Batch]) -> Batch:
        """Make one batch of several that follow each other, and share no key that is sent."""
        whole = cls(members[0].number, members[0].first_index, members=members)
        for one in members:
            shift = len(whole.records)
            whole.records += one.records
            whole.inputs += one.inputs
            whole.keys += one.keys
            whole.positions += [position + shift for position in one.positions]
            whole.followers.update(
                (position + shift, [follower + shift for follower in followers])
                for position, followers in one.followers.items()
            )
            for mine, its in (
                (whole.outcomes, one.outcomes),
                (whole.repeats, one.repeats),
                (whole.earlier, one.earlier),
                (whole.marks, one.marks),
                (whole.padded, one.padded),
            ):
                cast("dict[int, Any]", mine).update(
                    (position + shift, value) for position, value in its.items()
                )
        whole.seal()
        return whole

    def tell_members(self) -> None:
        """Tell the batches that it was joined of what became of their records."""
        for one in self.members:
            shift = one.first_index - self.first_index
            one.outcomes = {
                position: self.outcomes[position + shift]
                for position in range(len(one.records))
                if position + shift in self.outcomes
            }
            one.undecided = 0

    def settle(self, position: int, outcome: Outcome) -> None:
        """Say what became of a record, and thereby of those that were merged into it.

        Args:
            position: The record's.
            outcome: What became of it.
        """
        self.outcomes[position] = outcome
        for follower in self.followers.get(position, ()):
            self.outcomes[follower] = replace(
                outcome,
                index=self.first_index + follower,
                record=self.records[follower],
                merged_into=outcome.index,
            )

    def outcome(self, position: int, status: Status, **more: Any) -> Outcome:
        """Make an outcome of a record.

        Args:
            position: The record's.
            status: What became of it.
            more: Further fields of the outcome.
        """
        return Outcome(self.first_index + position, status, self.records[position], **more)

    def rejection(self, position: int, problems: tuple[Problem, ...]) -> Outcome:
        """Make the outcome of a record that is rejected. Blanks around its key are told: nobody sees them."""
        name, key = self.padded.get(position, (None, ""))
        if key:
            problems = tuple(
                (
                    each._replace(message=f"{each.message}; it has blanks around it: {key!r}")
                    if each.property in {None, name}
                    else each
                )
                for each in problems
            )
        return self.outcome(position, Status.REJECTED, problems=problems)

    def reject(self, position: int, problems: tuple[Problem, ...]) -> None:
        """Settle that a record is rejected."""
        self.settle(position, self.rejection(position, problems))

    def told_alone(self, place: int) -> tuple[Problem, ...] | None:
        """Say for what an input was rejected; None if it was not.

        Its own key is left out, and so is what only tells answers apart, such as the number of a request:
        words with digits that are in none of its values.
        """
        outcome = self.outcomes.get(self.positions[place])
        if outcome is None or outcome.status is not Status.REJECTED:
            return None
        key = self.keys[place].rpartition("\0")[2]
        own = re.compile(rf"\b{re.escape(key)}\b", re.IGNORECASE)
        values = " ".join(map(str, outcome.record.values()))

        def kept(word: re.Match[str]) -> str:
            # Not as a part of another word: any short number is part of some longer one.
            alone = re.search(rf"(?<!\w){re.escape(word[0])}(?!\w)", values)
            return word[0] if alone is not None else ""

        return tuple(
            one._replace(message=_WITH_DIGIT.sub(kept, own.sub("", one.message)))
            for one in outcome.problems
        )

    def seal(self, encode: Encoder | None = None) -> None:
        """Get ready to be sent, now that all inputs are there.

        Args:
            encode: Encodes the inputs; None for `json_of`.

        Raises:
            Exception: An input has no JSON.
        """
        self.content = (encode or json_of)(self.inputs)
        self.undecided = len(self.inputs)

    def mark(self, trace_prefix: str = TRACE_PREFIX) -> None:
        """Set the digest, as long as nothing of it has been settled.

        Args:
            trace_prefix: What the trace ids of the run begin with; another run's have the same digest.
        """
        content = self.content
        if trace_prefix != TRACE_PREFIX:
            content = content.replace(trace_prefix.encode(), TRACE_PREFIX.encode())
        digest = blake2b(content, digest_size=_DIGEST_SIZE)
        # Which records are not sent is part of what makes a batch, although their values are not.
        digest.update(repr((self.positions, self.repeats)).encode())
        self.digest = digest.digest()

    def resume(
        self,
        known: Iterable[Outcome] | None,
        outdated: Container[str] = frozenset(),
        *,
        again: Container[Status] = _NOT_KNOWN,
        jobs: Iterable[PendingJob] = (),
    ) -> None:
        """Settle what an earlier run knows, and leave in it what is to be sent.

        Args:
            known: What became of its records, without the records; None if they may have been sent,
                and nothing more is known.
            outdated: Keys of which earlier records were sent again since. What this batch says of them
                has to be sent after these, although it was written once.
            again: The statuses of records that are sent again.
            jobs: The jobs of which the earlier run does not know what became of their records.
        """
        outcomes = {outcome.index: outcome for outcome in known or ()}
        asked = self._asked(jobs, outcomes, outdated)
        left: list[int] = []
        for place, position in enumerate(self.positions):
            if position in asked:
                continue
            outcome = outcomes.get(self.first_index + position)
            if outcome is None or not outcome.is_told:
                self.earlier[position] = Status.WRITTEN
            elif outcome.is_refused and Status.REJECTED in again:
                if outcome.status is Status.UNKNOWN:
                    self.earlier[position] = Status.WRITTEN
            elif outcome.status in again:
                pass
            elif not outcome.is_refused and self.keys[place] in outdated:
                if outcome.status is not Status.UNCHANGED:
                    self.earlier[position] = outcome.status
            else:
                record = self.records[position]
                self.settle(position, replace(outcome, record=record, remembered=True))
                continue
            left.append(place)
        self._keep([*asked.values(), *left])

    def parts(self) -> list[Part]:
        """Give the parts that are sent first: what is to be sent is one, and each job is one."""
        parts: list[Part] = []
        start = 0
        for job in self.jobs:
            stop = start + len(job.positions)
            parts.append(Part(self, start, stop, in_doubt=job.in_doubt, job=job))
            start = stop
        if start < len(self.inputs):
            parts.append(Part(self, start, len(self.inputs)))
        return parts

    def leave_unchanged(self, places: Iterable[int]) -> None:
        """Settle that some inputs need not be sent, because they were accepted as they are.

        Args:
            places: Where they are among the inputs.
        """
        unchanged = set(places)
        for place in unchanged:
            position = self.positions[place]
            # An earlier run that does not know what became of it has sent it after all.
            status = self.earlier.pop(position, Status.UNCHANGED)
            self.settle(position, self.outcome(position, status))
        self._keep([place for place in range(len(self.inputs)) if place not in unchanged])

    def _asked(
        self,
        jobs: Iterable[PendingJob],
        outcomes: Mapping[int, Outcome],
        outdated: Container[str],
    ) -> dict[int, int]:
        """Take the jobs that have to be asked about, and give the places of their records by position."""
        places = {position: place for place, position in enumerate(self.positions)}
        asked: dict[int, int] = {}
        for job in jobs:
            own = {position: places[position] for position in job.positions if position in places}
            known = (outcomes.get(self.first_index + position) for position in own)
            is_open = all(one is None or not one.is_told for one in known)
            # What was written meanwhile has to be written over, whatever the job says.
            is_last = not any(self.keys[place] in outdated for place in own.values())
            if len(own) == len(job.positions) and is_open and is_last and not asked.keys() & own:
                self.jobs.append(job)
                asked |= own
        return asked

    def _keep(self, left: Sequence[int]) -> None:
        if list(left) != list(range(len(self.inputs))):
            self.inputs = [self.inputs[place] for place in left]
            self.positions = [self.positions[place] for place in left]
            self.keys = [self.keys[place] for place in left]
            self.seal()

    def outcomes_so_far(self) -> list[Outcome]:
        """Give what is to be known of it while it is sent again: what is left is unknown."""
        unknown = (
            Outcome(self.first_index + position, Status.UNKNOWN, {}, reason=_SENT_AGAIN)
            for position in self.positions
        )
        return [*self.outcomes.values(), *unknown]


@dataclass(slots=True, eq=False)
class Part:
    """A part of a batch that is sent in one request: its inputs from `start` up to `stop`.

    Attributes:
        batch: The batch.
        start: The first input.
        stop: The end of the inputs.
        attempt: The number of the attempt to send it, counted from 1.
        delay: Seconds to wait before it is sent.
        due: When that is over, by the driver's clock.
        trouble: Why it is sent again, in words.
        before: What came of the attempt before, if there was one.
        spent: Seconds that its attempts took, and the delays between them.
        waited: Seconds that this attempt had to wait for a permit. The driver sets it.
        in_doubt: Whether an earlier attempt may have been applied.
        replays: How many times it may still be sent again because nobody knows what became of it.
        requests: How many requests this attempt has begun: a second one where the token had expired. The
            driver counts.
        is_connecting: Whether the last of them waits for a connection. The driver says so if it knows.
        began: When the first one did, by the driver's clock.
        job: The job that writes its records, once there is one. The next attempt then asks about that.
    """

    batch: Batch
    start: int
    stop: int
    attempt: int = 1
    delay: float = 0.0
    due: float = 0.0
    trouble: str = ""
    before: Attempt | None = None
    spent: float = 0.0
    waited: float = 0.0
    in_doubt: bool = False
    replays: int = MOST_REPLAYS
    requests: int = 0
    is_connecting: bool = False
    began: float = 0.0
    job: PendingJob | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions of its records."""
        return tuple(self.batch.positions[self.start : self.stop])

    @property
    def sent(self) -> bool:
        """Whether this attempt has begun."""
        return self.requests > 0

    @property
    def has_left(self) -> bool:
        """Whether something of this attempt was sent, as far as is known."""
        return self.sent and not self.is_connecting

    def may_start(self, now: float, *, is_wanted: bool) -> bool:
        """Tell whether a request of this attempt is to begin, and count it if so.

        Args:
            now: The time by the driver's clock.
            is_wanted: Whether there is time for it, and the run has not been stopped.
        """
        if not self.sent:
            self.began = now
        self.requests += is_wanted
        self.is_connecting = False
        return is_wanted

    def content(self, envelope: Envelope) -> bytes:
        """Give the body of the request.

        Args:
            envelope: What stands around the inputs.
        """
        batch = self.batch
        is_whole = len(self) == len(batch.inputs)
        inputs = batch.inputs if is_whole else batch.inputs[self.start : self.stop]
        return envelope.around(inputs, batch.content if is_whole else b"")

    def refusal(self, position: int, problems: tuple[Problem, ...]) -> Outcome:
        """Make the outcome of a record that the API refuses: unknown if it may have been stored before.

        Args:
            position: The record's.
            problems: What the API says of it.
        """
        rejection = self.batch.rejection(position, problems)
        if not self.in_doubt and position not in self.batch.earlier:
            return rejection
        *others, last = rejection.problems
        last = last._replace(message=f"{last.message}; {_MAY_BE_STORED}")
        return replace(
            rejection, status=Status.UNKNOWN, problems=(*others, last), reason=_MAY_BE_STORED
        )

    def split_off(self, places: Sequence[int]) -> Part:
        """Give a part of their own to some inputs, which go to the end of this one for that.

        Args:
            places: Where they are in this part; not all of it.
        """
        batch, moved = self.batch, set(places)
        order = [place for place in range(len(self)) if place not in moved] + list(places)
        parts = slice(self.start, self.stop)
        places = [self.start + place for place in order]
        batch.inputs[parts] = [batch.inputs[place] for place in places]
        batch.positions[parts] = [batch.positions[place] for place in places]
        batch.keys[parts] = [batch.keys[place] for place in places]
        middle = self.stop - len(moved)
        rest = Part(batch, middle, self.stop, self.attempt, spent=self.spent)
        self.stop = middle
        return rest

    def halves(self) -> tuple[Part, Part]:
        """Split it, so that a bad record spoils fewer others.

        For k bad records among n, splitting until each is alone takes at most `2 * k * ceil(log2(n))`
        more requests: only a part with a bad record is split, and each is in one such part a level.
        """
        middle = (self.start + self.stop) // 2
        return (
            Part(self.batch, self.start, middle, in_doubt=self.in_doubt),
            Part(self.batch, middle, self.stop, in_doubt=self.in_doubt),
        )


def encoder_of(roles: Roles, *, is_fast: bool) -> Encoder:
    """Give what encodes inputs, to the same bytes as `json_of` does.

    Args:
        roles: Which fields play which part.
        is_fast: Whether the libraries of the extra `fast` are to be used.
    """
    if not is_fast or roles.properties is None:
        return json_of
    encode: Encoder = import_module("msgspec").json.encode

    def encode_texts(inputs: object) -> bytes:
        try:
            return encode(inputs)
        except (TypeError, ValueError):  # Such as text of a class that it does not know.
            return json_of(inputs)

    return encode_texts
