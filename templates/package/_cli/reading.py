"""Reads rows from files, one at a time: CSV, JSON Lines and Parquet.

What is wrong with a file is a `BadInput` that names the file and the line.
"""

from __future__ import annotations

from .parquet_files import ParquetFile
from .source import Format, Source, delimiter_of, format_of
from .text_files import CsvFile, JsonLinesFile


def open_source(
    path: str,
    format: Format | None = None,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> Source:
    """Open a file.

    Args:
        path: Its path, or `-` for standard input.
        format: Its format; None to tell it from the name.
        delimiter: What stands between the fields of a CSV file; None for what is usual.
        encoding: How its text is encoded.

    Raises:
        BadInput: It cannot be read, or its columns cannot.
    """
    chosen = format or format_of(path)
    if chosen == "parquet":
        return ParquetFile(path)
    if chosen == "jsonl":
        return JsonLinesFile(path, encoding)
    return CsvFile(path, encoding, delimiter or delimiter_of(path))
