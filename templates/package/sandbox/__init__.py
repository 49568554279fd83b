"""A stand-in for the API that keeps what it is sent, for tests without an account.

    with Sandbox() as sandbox, sandbox.client(Client) as client:
        …

`python -m` with the name of this package serves it from the command line.
"""

from __future__ import annotations

from .options import Options
from .server import Sandbox, SandboxError

__all__ = ["Options", "Sandbox", "SandboxError"]
