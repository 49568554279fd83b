"""Processes that use a journal, to be killed: `python -m tests.bulk.journal_runs WHAT PATH`."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

from package._bulk.journal import Journal, JournalError, JournalHeader
from package._bulk.outcomes import Outcome, Status

HEADER = JournalHeader(
    operation="contacts.upsert",
    version="2026-03",
    path="/crm/objects/2026-03/contacts/batch/upsert",
    id_property="email",
    maximum=100,
    duplicates="error",
)
NOBODY = 65_534
SIZE = 100


def digest_of(batch: int) -> bytes:
    return hashlib.sha256(b"batch %d" % batch).digest()


def outcomes_of(batch: int) -> list[Outcome]:
    return [
        Outcome(batch * SIZE + number, Status.CREATED, {}, id=f"{batch}-{number}")
        for number in range(SIZE)
    ]


def run(path: Path, pause: str) -> None:
    """Go on where the journal ends, and never stop. Says what was done; stays in one step for long."""
    with Journal(path, HEADER) as journal:
        print("open", flush=True)
        batch = 0
        while True:
            if (known := journal.planned(batch)) is None or not known.is_done:
                journal.sending(batch, batch * SIZE, digest_of(batch), SIZE)
                print(f"sending {batch}", flush=True)
                if pause == "sending":
                    time.sleep(600)
                journal.sent(batch, outcomes_of(batch))
                print(f"sent {batch}", flush=True)
                if pause == "sent":
                    time.sleep(600)
            batch += 1


def try_to_open(path: Path, *, as_nobody: bool = False) -> None:
    """Open a journal, and say why that cannot be done."""
    if as_nobody:
        os.setuid(NOBODY)
    try:
        Journal(path, HEADER).close()
    except JournalError as error:
        print(error)
    else:
        print("opened")


def main() -> None:
    what, path = sys.argv[1], Path(sys.argv[2])
    if what == "open":
        try_to_open(path)
    elif what == "open-as-nobody":
        try_to_open(path, as_nobody=True)
    else:
        run(path, what)


if __name__ == "__main__":
    main()
