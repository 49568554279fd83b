"""Runs with a journal in processes of their own, to be killed.

They come from a server of forks that has everything imported: starting Python anew for each would take
most of the time.
"""

from __future__ import annotations

import multiprocessing
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from hubspot_upsert._bulk.journal import Journal, JournalHeader
from hubspot_upsert.v2026_03 import Client

from tests.bulk.hurry import CONTACTS, OPERATION, VERSION, hurried

MAXIMUM = 20


@dataclass(frozen=True)
class Job:
    """What each of the processes is to do.

    Attributes:
        url: Where the sandbox is.
        journal: The journal.
        report: Where the report is to be written.
        count: How many records there are.
    """

    url: str
    journal: Path
    report: Path
    count: int

    def records(self) -> Iterator[dict[str, str]]:
        for index in range(self.count):
            email = f"person-{index}" if index % 50 == 7 else f"person-{index}@example.com"
            yield {"email": email, "firstname": f"Name {index}"}

    def start(self) -> BaseProcess:
        """Start a process that does it."""
        process = _context().Process(target=_do, args=(self,))
        process.start()
        return process

    def done(self) -> set[int]:
        """Give the indexes of the records that the journal knows to be done."""
        header = JournalHeader(
            operation=OPERATION,
            version=VERSION,
            path=CONTACTS,
            id_property="email",
            maximum=MAXIMUM,
            duplicates="error",
            base_url=self.url,
        )
        done: set[int] = set()
        with Journal(self.journal, header) as journal:
            number = 0
            while (known := journal.planned(number)) is not None:
                if known.is_done:
                    done.update(range(known.first_index, known.first_index + known.count))
                number += 1
        return done


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _do(job: Job) -> None:
    # Nobody has a certificate here, and loading the authorities takes longer than all the rest.
    ssl.SSLContext.load_verify_locations = lambda *_, **__: None  # type: ignore[method-assign]
    with hurried(MAXIMUM), Client("token", base_url=job.url) as client:
        report = client.contacts.upsert(
            job.records(), id_property="email", journal=job.journal, concurrency=3
        )
        report.write_jsonl(job.report)
