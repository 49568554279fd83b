"""Formatting and proving, in worker processes: the part of a run that takes the time.

Only text that differs is formatted, and a file whose text is the same as in the last run not at all.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from upsertgen.emit.encode import LINE_LENGTH
from upsertgen.emit.proof import UnprovenFile
from upsertgen.emit.twin import Twin, prove
from upsertgen.errors import WorkerDied

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""
_SPECS_OF_ONE_PROCESS = 8

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class PythonSource:
    """A Python file that was rendered and has to be formatted and proven.

    Attributes:
        path: Its path in the output folder.
        text: Its contents.
        twin: Returns what it is held against, when it is needed.
    """

    path: str
    text: str
    twin: Callable[[], Twin]


def default_jobs(specs: int) -> int:
    """Return how many processes to use when nobody says: one a processor, at most 4.

    Args:
        specs: How many spec files there are. For a few, the processes would take longer to get ready.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return min(processors, 4, 1 + specs // _SPECS_OF_ONE_PROCESS)


@contextmanager
def workers(jobs: int) -> Iterator[Executor]:
    """Provide the worker processes of a run. They get ready while the caller goes on.

    Args:
        jobs: How many there are. With one, it is this process: a second one would only wait for it.

    Raises:
        WorkerDied: One ended before its work did.
    """
    if jobs == 1:
        yield _ThisProcess()
        return
    # Imported late: a small run does without.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Forking is the fastest start; where there is no fork, the default of the platform is used.
    context = (
        get_context("fork") if hasattr(os, "fork") and os.name == "posix" and _is_linux() else None
    )
    with ProcessPoolExecutor(jobs, context, _prepare, (os.getpid(),)) as executor:
        with _interrupts_held_back():
            # All processes start with the first task. They inherit what is held back, so that Ctrl-C
            # cannot reach one that does not ignore it yet.
            executor.submit(_nothing)
        try:
            yield executor
        except BrokenExecutor:
            raise WorkerDied from None
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait, where the platform can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing() -> None:
    """Do nothing, in a worker process that starts for it."""


def _prepare(first: int) -> None:
    """Get a worker process ready.

    Args:
        first: The id of the process that it works for.
    """
    # Ctrl-C reaches every process; the first stops the others, which would only print where they were.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix" and _is_linux():
        # A worker waits for tasks for ever; when the first process is killed, nobody tells it to stop.
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != first:  # It was killed before this could be told of it.
            os.kill(os.getpid(), signal.SIGKILL)
    import black

    del black


class _ThisProcess(Executor):
    """Runs each task when it is submitted."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _is_linux() -> bool:
    return os.uname().sysname == "Linux"


class Formatter:
    """Formats and proves Python files in worker processes while their texts still come in.

    Args:
        executor: The worker processes.
        jobs: How many there are.
    """

    def __init__(self, executor: Executor, jobs: int) -> None:
        self._executor = executor
        self._jobs = jobs
        self._distinct: dict[str, list[PythonSource]] = {}
        self._futures: dict[Future[list[str]], list[str]] = {}

    def submit(self, sources: Iterable[PythonSource]) -> None:
        """Hand files to the workers; a text that was handed over before is not formatted again."""
        new: list[PythonSource] = []
        for source in sources:
            known = self._distinct.setdefault(source.text, [])
            known.append(source)
            if len(known) == 1:
                new.append(source)
        # Long files first, so that no worker is left with one at the end; several a task, so that
        # handing them over costs little.
        new.sort(key=lambda source: -len(source.text))
        size = max(1, min(8, len(new) // (self._jobs * 4)))
        for start in range(0, len(new), size):
            chunk = new[start : start + size]
            future = self._executor.submit(
                format_texts, [(source.path, source.text) for source in chunk]
            )
            self._futures[future] = [source.text for source in chunk]

    def collect(self, done: Callable[[int, int], None]) -> dict[str, str]:
        """Return the formatted texts by path, once all are there.

        Args:
            done: Told how many of how many texts are finished.

        Raises:
            UnprovenFile: A file is not what it was meant to be.
        """
        formatted: dict[str, str] = {}
        finished = 0
        for future in as_completed(self._futures):
            for text, result in zip(self._futures[future], future.result(), strict=True):
                finished += 1
                for source in self._distinct[text]:
                    prove(source.path, result, source.twin())
                    formatted[source.path] = result
            done(finished, len(self._distinct))
        return formatted


def format_texts(sources: list[tuple[str, str]]) -> list[str]:
    """Format Python texts with black. Runs in a worker process.

    Args:
        sources: Pairs of a path, for messages, and a text.

    Raises:
        UnprovenFile: A text is no Python.
    """
    from black import format_str
    from black.mode import Mode, TargetVersion
    from black.parsing import InvalidInput

    mode = Mode(target_versions={TargetVersion.PY311}, line_length=LINE_LENGTH)
    texts: list[str] = []
    for path, text in sources:
        try:
            texts.append(format_str(text, mode=mode))
        except InvalidInput as error:
            raise UnprovenFile(path, f"is no Python: {error}") from None
    return texts
