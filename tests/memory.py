"""How much memory a process takes."""

from __future__ import annotations

from pathlib import Path


def peak_memory() -> float:
    """Return the most memory that this process took since its program began, in MB.

    What `getrusage` tells is at least what the process took that it was forked from, such as a long run of
    tests, in which all that is measured looks the same.
    """
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (told,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(told.split()[1]) / 1024
