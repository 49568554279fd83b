"""What runs remember of each other: a run's journal and state, where it has them.

Both are asked about a batch before it is sent, and told before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .._runtime.ways import put
from .batch import Batch, Part
from .batch_joiner import BatchJoiner
from .job_inquiry import JobInquiry
from .journal import Journal, JournalError
from .run import Run
from .setup import RunSetup
from .state import State

_NEVER_REACHED = "earlier runs with this journal have not come to the records that follow"


class RunMemory:
    """The journal and the state of a run. Nothing is opened before `open`.

    Args:
        setup: What to do.
        run: The run, which may have to be stopped.
    """

    def __init__(self, setup: RunSetup, run: Run) -> None:
        self._setup, self._run = setup, run
        self._options = setup.plan.options
        self._journal: Journal | None = None
        self._journaled: list[Batch] = []
        self._state: State | None = None
        self._marked: list[Batch] = []
        self._joined: list[Batch] = []
        plan = setup.plan
        most = plan.roles.maximum_bytes
        room = None if most is None else most - plan.envelope.overhead
        self._joiner = BatchJoiner(plan.roles.maximum, room)
        # Otherwise no key is sent twice, and it does not matter when it is sent again.
        self._repeats_keys = self._options.repeats_keys

    def open(self) -> None:
        """Open both.

        Raises:
            JournalError: The journal cannot be used.
            StateError: The state cannot be used.
        """
        if self._options.journal is not None and not self._options.dry_run:
            self._journal = Journal(self._options.journal, self._setup.header)
        try:
            self._state = self._open_state()
        except BaseException:
            if self._journal is not None:
                self._journal.close()
            raise

    def look_up(self, batch: Batch, *, is_cut: bool) -> None:
        """Settle what is known of a batch, also if nothing is sent any more.

        Args:
            batch: The batch.
            is_cut: Whether it may lack records, because the source was left before its end.
        """
        journal = self._journal
        is_known = journal is not None and self._look_up_journal(journal, batch, is_cut=is_cut)
        left = batch.undecided
        if left and self._state is not None:
            self._look_up_state(self._state, batch)
        is_unchanged = left and not batch.undecided
        if journal is None or self._has_stopped or not batch.digest:
            return
        if is_unchanged or (is_known and left):
            # Not as late as others: later batches with its keys have to know before they are looked up.
            self._tell_sending(journal, batch, is_known=True)

    def joined(self, batch: Batch | None) -> Iterable[Batch]:
        """Fill up what the state has left of batches.

        Args:
            batch: The next batch; None if there is none.

        Returns:
            What is to be sent now.
        """
        # What a job wrote is only known of a batch as it was sent, which a later run has to make anew.
        if self._state is None or self._setup.plan.inquiry is not None:
            return () if batch is None else (batch,)
        return self._joiner.close() if batch is None else self._joiner.add(batch)

    def watch(self, batch: Batch) -> None:
        """Have it noted, in time, what becomes of a batch."""
        if batch.members and self._journal is not None:
            self._joined.append(batch)
        if batch.marks and not self._options.dry_run:
            self._marked.append(batch)

    def tell_sending(self, part: Part) -> None:
        """Say that a part is sent next, or that its job is asked about."""
        if part.job is not None:
            return
        if self._state is not None:
            if self._repeats_keys:
                self._state.forget_all(part.batch)
            self._state.write()
        if self._journal is not None:
            for batch in part.batch.members or [part.batch]:
                if batch.digest:
                    self._tell_sending(self._journal, batch)

    def note_jobs(self, batch: Batch) -> None:
        """Tell the journal of which jobs of a batch it is not known what became of their records."""
        if self._journal is not None:
            self._journal.note_jobs(batch)

    def note_sent(self) -> None:
        """Tell the state, and then the journal, what became of batches of which all is known."""
        if self._state is not None and (done := _done(self._marked)):
            for batch in done:
                self._state.settle(batch, restores=not self._repeats_keys)
            self._state.write()
        for batch in _done(self._joined):
            batch.tell_members()
        if self._journal is not None:
            for batch in _done(self._journaled):
                self._journal.sent(batch)

    def close(self) -> None:
        """Close both; the journal is told if the run has come to its end."""
        state, self._state = self._state, None
        journal, self._journal = self._journal, None
        try:
            if state is not None:
                state.close()
            if journal is not None and not self._has_stopped and self._run.is_over:
                journal.finished(self._run.read)
        finally:
            if journal is not None:
                journal.close()

    @property
    def _has_stopped(self) -> bool:
        return self._run.stop_cause is not None

    def _open_state(self) -> State | None:
        options = self._options
        if options.state is None:
            return None
        if options.dry_run and not (
            Path(options.state).exists() and Path(options.state).stat().st_size
        ):
            return None  # Nothing is known yet, and nothing is to be written.
        state = State(options.state, self._setup.state_header, self._setup.plan.roles)
        # What the journal knows to be done is not sent again, and must not be forgotten.
        is_resumed = self._journal is not None and self._journal.reaches(0)
        if options.full and not options.dry_run and not is_resumed:
            state.clear()
        return state

    def _look_up_journal(self, journal: Journal, batch: Batch, *, is_cut: bool) -> bool:
        """Settle what an earlier run knows of a batch, and tell whether it has come to it."""
        if is_cut:
            # Nobody can tell whether it is what was sent before.
            if journal.reaches(batch.first_index):
                batch.resume(None)
            return False
        batch.mark(self._run.batcher.trace_prefix)
        known = journal.compare(batch)
        if known is None:
            if self._options.only_failed:
                self._run.stop(_NEVER_REACHED, "leave only_failed out to send them, too")
            return False
        outdated = journal.outdated(batch) if self._repeats_keys else ()
        inquiry = self._setup.plan.inquiry
        jobs = [] if inquiry is None else journal.jobs(batch.number)
        batch.resume(known.outcomes, outdated, again=self._options.sent_again, jobs=jobs)
        if inquiry is not None:
            for part in batch.parts():
                self._resume(inquiry, part)
            if len(batch.jobs) < len(jobs):
                journal.note_jobs(batch)
        return True

    def _resume(self, inquiry: JobInquiry, part: Part) -> None:
        """Get ready to ask about the job of a part, which an earlier run has sent."""
        if part.job is None:
            return
        try:
            inquiry.resume(part.job)
        except ValueError as error:
            raise JournalError(f"{self._options.journal} names a {part.job}: {error}") from None
        trace_id, batch = self._setup.plan.roles.trace_id, part.batch
        if trace_id is None:
            return
        for place in range(part.start, part.stop):
            index = batch.first_index + batch.positions[place]
            put(batch.inputs[place], trace_id, f"{part.job.prefix}{index}")

    def _look_up_state(self, state: State, batch: Batch) -> None:
        """Settle what was accepted last as it is, and forget what was accepted last of the rest."""
        asked = sum(len(job.positions) for job in batch.jobs)
        unchanged = [place for place in state.compare(batch) if place >= asked]
        if not self._options.full:
            batch.leave_unchanged(unchanged)
        if self._has_stopped:
            batch.marks.clear()  # The rest is not sent, and what was accepted last still holds.
        else:
            state.forget(batch)

    def _tell_sending(self, journal: Journal, batch: Batch, *, is_known: bool = False) -> None:
        known = batch.outcomes_so_far() if is_known or self._state is not None else ()
        again = batch.keys if self._repeats_keys else ()
        journal.sending(batch, known=known, again=again)
        batch.digest = b""
        if batch.undecided:
            self._journaled.append(batch)


def _done(batches: list[Batch]) -> list[Batch]:
    """Take the batches of which all is known out of a list."""
    done = [batch for batch in batches if not batch.undecided]
    if done:
        batches[:] = [batch for batch in batches if batch.undecided]
    return done
