"""What takes long to make is made once a run of the tests, however many processes run them."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


class Once:
    """Fills folders that all processes of a run share.

    Args:
        shared: A folder that is the same in all of them.
    """

    def __init__(self, shared: Path) -> None:
        self._shared = shared

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the folder of a name. Tests only read it.

        Args:
            name: The same in each process, and no other folder's.
            make: Fills the empty folder, in the process that comes first; the others wait for it.
        """
        folder, finished = self._shared / f"once-{name}", self._shared / f"once-{name}.finished"
        with (self._shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                # What is there could not be finished.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                finished.touch()
        return folder
