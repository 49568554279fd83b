"""The file that a report is written to as a page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from ..bulk import UpsertReport
from .errors import BadInput
from .rejects import is_same_file


class ReportPage(ExitStack):
    """An HTML file that is known to be writable before anything is sent. A context manager.

    What it held before goes when the report is written, and not before.

    Args:
        path: Where to write it.
        source_path: The path of the file that is read.

    Raises:
        BadInput: It cannot be written, is the file that is read, or is not called a page.
    """

    def __init__(self, path: str, source_path: str) -> None:
        super().__init__()
        self.path = path
        if not path.lower().endswith((".html", ".htm")):
            raise BadInput(f"{path}: --report writes an HTML page; name a file that ends in .html")
        if is_same_file(path, source_path):
            raise BadInput(f"{path} is the file that is read; write the report to another one")
        try:
            self._file = self.enter_context(Path(path).open("a", encoding="utf-8", newline="\n"))
        except OSError as error:
            raise BadInput(f"{path}: it cannot be written: {error.strerror or error}") from None

    def write(self, report: UpsertReport) -> None:
        """Write a report.

        Args:
            report: The report.

        Raises:
            BadInput: It cannot be written.
        """
        try:
            self._file.truncate(0)
            report.write_html(self._file)
            self._file.flush()
        except OSError as error:
            raise BadInput(
                f"{self.path}: it cannot be written: {error.strerror or error}"
            ) from None
