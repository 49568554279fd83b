"""A stand-in for the API that keeps what it is sent, for tests without an account.

    with Sandbox() as sandbox, sandbox.client(Client) as client:
        …

`python -m` with the name of this package serves it from the command line. In come real HTTP requests, out
go the answers that `contract.json` describes. Start reading at `account`, which is what a sandbox holds;
then `application`: a request that comes through `server` and `protocol` is refused by `limits`, fails by
`faults`, or is done by one of the `operations` with what the `store` has, and `answers` has the words.
Nothing here knows the insides of `_bulk`, `_cli` or `integrations`, and they know nothing of these.
"""

from __future__ import annotations

from .account import Options
from .errors import SandboxError
from .request_log import Body, RecordOutcome, RequestEntry
from .sandbox import Sandbox

__all__ = ["Body", "Options", "RecordOutcome", "RequestEntry", "Sandbox", "SandboxError"]
