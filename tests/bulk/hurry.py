"""The real upsert of contacts, but with batches of any size and hardly a delay between attempts.

What is changed is data that the specification declares; all code is the emitted one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hubspot_upsert._bulk.operation import BulkOperation
from hubspot_upsert._runtime.policy import Backoff, ErrorPolicy
from hubspot_upsert.v2026_03 import contacts

CONTACTS = "/crm/objects/2026-03/contacts/batch/upsert"
OPERATION = "contacts.batch_upsert"
VERSION = "2026-03"


@contextmanager
def hurried(maximum: int = 100) -> Iterator[None]:
    """Send contacts of 2026-03 in batches of at most so many records, and try again at once."""
    declared = contacts.Contacts._BULK
    operation = replace(declared.operation, policy=_impatient(declared.operation.policy))
    bulk = BulkOperation(operation, replace(declared.roles, maximum=maximum), declared.version)
    with pytest.MonkeyPatch.context() as patch:
        for client in (contacts.Contacts, contacts.AsyncContacts):
            patch.setattr(client, "_BULK", bulk)
        yield


def _impatient(policy: ErrorPolicy) -> ErrorPolicy:
    rules = tuple(replace(rule, minimum_delay=0.0, delay_header=None) for rule in policy.rules)
    return replace(policy, rules=rules, backoff=Backoff(initial=0.001, multiplier=2, maximum=0.01))
