"""Outcomes one by one, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from types import TracebackType
from typing import Self

from .async_driver import AsyncDriver
from .outcomes import Outcome, Stop
from .sync_driver import SyncDriver


class OutcomeStream(Iterator[Outcome]):
    """The outcomes of a bulk upsert, in the order of the records. Nothing begins before the first.

    Leaving a loop over it, closing it, or leaving it as a context manager ends the run: nothing more is
    sent, and what is in flight is waited for.

    Args:
        driver: Drives the run.
    """

    def __init__(self, driver: SyncDriver) -> None:
        self._driver = driver
        self._outcomes = _outcomes(driver)

    def __iter__(self) -> Generator[Outcome, None, None]:
        return self._outcomes

    def __next__(self) -> Outcome:
        return next(self._outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def stop(self) -> Stop | None:
        """Why the run was stopped, as far as it has come; None if it was not."""
        return self._driver.stop

    @property
    def requests(self) -> int:
        """How many requests were sent and answered so far."""
        return self._driver.requests

    def ask_to_stop(self) -> None:
        """Send nothing more; what is in flight is waited for, unless this is called a second time.

        A signal handler in the thread that takes the outcomes may call it. The outcomes of all records
        that were read still come, and then KeyboardInterrupt. It does nothing before the first outcome
        was asked for.

        Raises:
            KeyboardInterrupt: The second time, if that thread waits for the source; the third time in
                any case.
        """
        self._driver.ask_to_stop()

    def close(self) -> None:
        """End the run. Closing twice, or after the end, does nothing."""
        self._outcomes.close()


class AsyncOutcomeStream(AsyncIterator[Outcome]):
    """The outcomes of an asynchronous bulk upsert. Otherwise like `OutcomeStream`.

    Leaving a loop over it ends the run at some time soon; use it as an asynchronous context manager, or
    await `aclose`, to have it ended when that is over.

    Args:
        driver: Drives the run.
    """

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._outcomes = _async_outcomes(driver)

    def __aiter__(self) -> AsyncGenerator[Outcome, None]:
        return self._outcomes

    async def __anext__(self) -> Outcome:
        return await anext(self._outcomes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def stop(self) -> Stop | None:
        """Why the run was stopped, as far as it has come; None if it was not."""
        return self._driver.stop

    @property
    def requests(self) -> int:
        """How many requests were sent and answered so far."""
        return self._driver.requests

    async def aclose(self) -> None:
        """End the run. Closing twice, or after the end, does nothing."""
        await self._outcomes.aclose()


def _outcomes(driver: SyncDriver) -> Generator[Outcome, None, None]:
    for chunk in driver.chunks():
        yield from chunk


async def _async_outcomes(driver: AsyncDriver) -> AsyncGenerator[Outcome, None]:
    chunks = driver.chunks()
    try:
        async for chunk in chunks:
            for outcome in chunk:
                yield outcome
    finally:
        await chunks.aclose()
