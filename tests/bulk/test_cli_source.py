"""Reading files: all formats, what is wrong with them and in which line, and how much is read at once."""

from __future__ import annotations

import csv
import gzip
import itertools
import lzma
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._cli.errors import BadInput
from package._cli.rows import Row
from package._cli.source import format_of, open_source

from tests.bulk.source_rows import bad_rows, refusal, rows_of, values_of, written

ROOT = Path(__file__).parents[2]


# What is read


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", "\ufeffemail,name\r\na@x,Zoë\r\n", {}),
        ("a.csv", "email;name\na@x;Zoë\n", {"delimiter": ";"}),
        ("a.csv", "email\tname\na@x\tZoë", {"delimiter": "\t"}),
        ("a.TSV", "email\tname\na@x\tZoë\n", {}),
        ("a.csv", "email,name\ra@x,Zoë\r", {}),
        ("a.csv", "\n\nemail,name\n\na@x,Zoë\n\n\n", {}),
        ("a.csv", " ,\n,,,\nemail,name\na@x,Zoë\n", {}),
        ("a.csv", "email,name\na@x,Zoë\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("a.csv", "email,name\na@x,Zoë\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", "\ufeffemail,name\na@x,Zoë\n", {"encoding": "UTF_8"}),
        ("a.csv", b'"email","name"\na@x,"Zo\xc3\xab"\n', {}),
        ("a.jsonl", '\ufeff{"email": "a@x", "name": "Zoë"}\r\n\n  \n', {}),
    ],
)
def test_files_as_programs_write_them(
    tmp_path: Path, name: str, content: str | bytes, options: dict[str, Any]
) -> None:
    path = written(tmp_path / name, content)
    assert values_of(path, **options) == [{"email": "a@x", "name": "Zoë"}]


@pytest.mark.parametrize(
    ("name", "content", "columns", "rows"),
    [
        (
            "a.csv",
            'email,First Name\nada@x,"Ada, Countess"\nbob@x,\n',
            ("email", "First Name"),
            [
                Row(2, {"email": "ada@x", "First Name": "Ada, Countess"}),
                Row(3, {"email": "bob@x", "First Name": ""}),
            ],
        ),
        (
            "a.csv",
            'a,b\n\n1,"x\ny\nz"\n2,v\n',
            ("a", "b"),
            [Row(3, {"a": "1", "b": "x\ny\nz"}), Row(6, {"a": "2", "b": "v"})],
        ),
        (
            "a.jsonl",
            '{"n": 1.5, "tags": ["a", "b"]}\n\n{"other": null, "text": "x\u2028\x85y"}',
            None,
            [
                Row(1, {"n": 1.5, "tags": ["a", "b"]}),
                Row(3, {"other": None, "text": "x\u2028\x85y"}),
            ],
        ),
    ],
    ids=["csv", "csv with lines in cells", "json lines"],
)
def test_a_row_has_its_values_and_the_number_of_its_first_line(
    tmp_path: Path, name: str, content: str, columns: object, rows: list[Row]
) -> None:
    with open_source(str(written(tmp_path / name, content))) as source:
        assert source.columns == columns
        assert list(source) == rows


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20), st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("a", "b"), *rows])
    read = values_of(path, delimiter=delimiter)
    assert read == [{"a": a, "b": b} for a, b in rows if a.strip() or b.strip()]


# Rows that cannot be read, and those after them


QUOTE = "is a quote not closed, or not doubled?"


@pytest.mark.parametrize(
    ("bad", "text", "problem"),
    [
        ("x", "x", "there is 1 field, and the header has 2; is a delimiter or a quote missing?"),
        ("x,y,z", "x,y,z", "there are 3 fields, and the header has 2; is a delimiter or a quote"),
        ('x,"y"z', 'x,"y"z', f"this is no CSV: ',' expected after '\"'; {QUOTE}"),
        (
            'x,"he said "hi" to\nyou, and\nleft"',
            'x,"he said "hi" to\nyou, and\nleft"',
            f"this is no CSV: ',' expected after '\"'; {QUOTE}",
        ),
        # Lines that are rows without any doubt belong to no text, even if a later quote closes it.
        ('x,"y', 'x,"y', f"this is no CSV: ',' expected after '\"'; {QUOTE}"),
        (b"x,\xe9t\xe9", None, "the byte 0xe9 is not utf-8; give its --encoding, such as cp1252"),
        (
            f"x,{'y' * 131_073}",
            None,
            "the field 'b' has 131,073 characters, and 131,072 are the most",
        ),
        (f'x,"{"y,z" * 50_000}"', None, "the field 'b' has 150,000 characters, and 131,072 are"),
    ],
)
def test_a_bad_row_of_csv_leaves_the_others(
    tmp_path: Path, bad: str | bytes, text: str | None, problem: str
) -> None:
    line = bad.encode() if isinstance(bad, str) else bad
    path = written(tmp_path / "a.csv", b"a,b\n1,2\n" + line + b'\n3,4\n5,6\n7,8\n9,"0"\n')
    ((number, found, said),) = bad_rows(path)
    assert (number, found) == (3, text)
    assert said.startswith(problem)
    good = [row.values for row in rows_of(path) if row.problem is None]
    assert [list(each.values()) for each in good] == [
        *(["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "0"])
    ]


def test_lines_that_may_be_of_a_text_are_not_sent(tmp_path: Path) -> None:
    text = '1,"Dear Bob,\nthis, and that\n\nBye\n'
    path = written(tmp_path / "a.csv", f"a,b\n{text}")
    assert bad_rows(path) == [
        (2, text.rstrip(), f"this is no CSV: unexpected end of data; {QUOTE}")
    ]
    assert len(rows_of(path)) == 1


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    rows = [f"{number},x" for number in range(1_000)]
    rows[500] = '500,"x'
    rows[700] = "700"
    path = written(tmp_path / "a.csv", "\n".join(["a,b", *rows, ""]))
    assert [line for line, _, _ in bad_rows(path)] == [502, 702]
    assert [row.line for row in rows_of(path)] == list(range(2, 1_002))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nonsense", "this is no JSON: Expecting value at character 1"),
        ('{"a": 1,}', "this is no JSON: "),
        ('{"a": 1}{', "this is no JSON: Extra data at character 9"),
        ("[1]", "this is no JSON object, such as "),
        ('"text"', "this is no JSON object, such as "),
        ('{"a": NaN}', "this is no JSON: it has no NaN"),
        ('{"a": ' + "[" * 100_000, "this is no JSON: "),
        ('{"a": ' + "9" * 5000 + "}", "this is no JSON: "),
        (b'{"a": "\xe9"}', "the byte 0xe9 is not utf-8"),
    ],
)
def test_a_bad_row_of_json_lines_leaves_the_others(
    tmp_path: Path, line: str | bytes, problem: str
) -> None:
    third = line.encode() if isinstance(line, str) else line
    path = written(tmp_path / "a.ndjson", b'{"a": 1}\n\n' + third + b'\n{"a": 2}\n')
    ((number, text, said),) = bad_rows(path)
    assert (number, (text or "").encode(errors="surrogateescape")) == (3, third)
    assert said.startswith(problem)
    assert [row.values for row in rows_of(path) if row.problem is None] == [{"a": 1}, {"a": 2}]


def test_blank_rows_are_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n,\n1,2\n , \n""\n,,,\n')
    assert rows_of(path) == [Row(3, {"a": "1", "b": "2"})]


# Files that cannot be read


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; a header with columns was expected"),
        ("\n\n", "the file is empty; a header with columns was expected"),
        (b"a,\xff\n", "line 1: the byte 0xff is not utf-8; give its --encoding, such as cp1252"),
        ('a,"b\n', "line 1: this is no CSV: unexpected end of data"),
        (
            "a;b\n1;2\n",
            "line 1: the header is one column, 'a;b'; if ';' stands between columns, give "
            "--delimiter ';'",
        ),
        ("a\tb\n", "line 1: the header is one column, 'a\\tb'; if tab stands between columns"),
    ],
)
def test_csv_without_a_header(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path / "a.csv", content)).startswith(message)


WORKBOOK = "save the sheet as 'CSV UTF-8' and give that file"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and so on", f"this is an Excel workbook, or another ZIP archive; {WORKBOOK}"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"this is an old Excel workbook; {WORKBOOK}"),
        (b"BZh9", "this is compressed with bzip2; give it decompressed: bzcat FILE"),
        (lzma.compress(b"a,b"), "this is compressed with xz; give it decompressed: xzcat FILE"),
        (b"PAR1", "this is Parquet; give --format parquet"),
        *(
            (
                "a,b\n1,2\n".encode(codec),
                f"its first bytes are those of {codec}, not of utf-8; give --encoding {codec}",
            )
            for codec in ("utf-16", "utf-32", "utf-16-le", "utf-16-be")
        ),
        (gzip.compress(b"PK\x03\x04", mtime=0), "this is an Excel workbook"),
        (
            gzip.compress(b"a,b\n" * 99, mtime=0)[:-9],
            "the file is cut off: the end of what was compressed is missing; get it again, until 'gzip -t",
        ),
        (b"\x1f\x8b and so on", "it is compressed, and cannot be decompressed: "),
        (b"\x28\xb5\x2f\xfd and so on", "it is compressed, and cannot be decompressed: "),
    ],
)
def test_what_a_file_is_shows_in_its_first_bytes(
    tmp_path: Path, content: bytes, message: str
) -> None:
    assert refusal(written(tmp_path / "a.csv", content)).startswith(message)


def test_what_the_name_does_not_tell_shows_there_as_well(tmp_path: Path) -> None:
    path = written(tmp_path / "people.xlsx", b"PK\x03\x04 and so on")
    assert refusal(path).startswith(
        f"this is an Excel workbook, or another ZIP archive; {WORKBOOK}"
    )


@pytest.mark.parametrize("content", ["[\n", '[{"a": 1},\n', ' [ {"a": 1}]'])
def test_an_array_is_not_json_lines(tmp_path: Path, content: str) -> None:
    said = refusal(written(tmp_path / "a.jsonl", content))
    assert said.startswith("line 1: this is a JSON array; JSON Lines has one object a line: jq -c")


if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", "\ufeffa,b\n1,Zoë\n", {}),
        ("a.csv.gz", "a,b\n1,Zoë\n", {}),
        ("a.tsv.zst", "a\tb\n1\tZoë\n", {}),
        ("a.jsonl.zstd", '{"a": "1", "b": "Zoë"}', {}),
        ("a", "a,b\n1,Zoë\n", {"format": "csv"}),
    ],
)
def test_compressed_files(
    tmp_path: Path, compress: Any, name: str, content: str, options: dict[str, Any]
) -> None:
    path = written(tmp_path / name, compress(content.encode()))
    assert values_of(path, **options) == [{"a": "1", "b": "Zoë"}]


def test_zstandard_needs_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.csv", zstd.compress(b"a,b\n"))
    monkeypatch.setattr(sys, "version_info", (3, 11))
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    assert refusal(path).startswith(
        "it is compressed with Zstandard: backports.zstd is needed and not installed; install it with: "
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.csv", {"delimiter": ";;"}, "--delimiter must be one character, or 'tab'"),
        ("a.csv", {"delimiter": '"'}, "--delimiter must be one character, or 'tab'"),
        ("a.csv", {"delimiter": "\n"}, "--delimiter must be one character, or 'tab'"),
        ("a.csv", {"encoding": "utf-9"}, "'utf-9' is no encoding; try utf-8, cp1252 or utf-16"),
        ("a.csv", {"encoding": "utf-16"}, "line 1: this is not utf-16: "),
        ("a.parquet", {}, ""),
        ("missing.csv", {}, "No such file or directory"),
        ("missing.jsonl", {}, "No such file or directory"),
        ("missing.parquet", {}, ""),
        ("", {"format": "csv"}, "Is a directory"),
    ],
)
def test_files_and_options_that_will_not_do(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    if name.startswith("a."):
        written(tmp_path / name, "a,b\n1,2\n")
    assert refusal(tmp_path / name, **options).startswith(message)


def test_parquet_does_not_come_through_standard_input() -> None:
    assert "Parquet cannot be read from standard input" in refusal("-", format="parquet")


# Files


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.b.tsv", "csv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.parquet", "parquet"),
        ("a.csv.gz", "csv"),
        ("a.JSONL.ZST", "jsonl"),
    ],
)
def test_the_name_tells_the_format(path: str, format: str) -> None:
    assert format_of(path) == format


@pytest.mark.parametrize("path", ["a.xlsx", "a", ".csv", "-", "a.json", "a.gz"])
def test_a_name_that_does_not_tell_the_format(path: str) -> None:
    with pytest.raises(
        BadInput, match=r"the format cannot be told .* --format csv\|jsonl\|parquet"
    ):
        format_of(path)


def test_how_much_of_a_file_was_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 100_000)
    with open_source(str(path)) as source:
        rows = iter(source)
        next(rows)
        first = source.fraction()
        assert first is not None
        assert first < 0.1
        assert sum(1 for _ in rows) == 99_999
        assert source.fraction() == 1


READ_ALL = """
import sys
from package._cli.source import open_source
from tests.memory import peak_memory
with open_source(*sys.argv[1:]) as source:
    rows = sum(1 for _ in source)
    print(rows, source.fraction(), peak_memory())
"""


def process_of(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'templates'}"},
    )


def read_by_a_process(data: Iterable[bytes]) -> list[str]:
    process = process_of(READ_ALL, "-", "jsonl")
    assert process.stdin is not None
    process.stdin.writelines(data)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return output.decode().split()


def test_standard_input_is_read_in_constant_memory() -> None:
    line = b'{"email": "somebody@x.example", "note": "' + b"x" * 200 + b'"}\n'
    small = read_by_a_process([line] * 1_000)
    large = read_by_a_process(itertools.repeat(line * 1_000, 200))
    assert small[:2] == ["1000", "None"]
    assert large[0] == "200000"
    # 50 MB went through.
    assert float(large[2]) - float(small[2]) < 5


def test_standard_input_stays_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path / "input", "a,b\n1,2\n")
    with path.open(encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert values_of("-", format="csv") == [{"a": "1", "b": "2"}]
        assert not file.buffer.closed


def test_reading_needs_neither_click_nor_rich() -> None:
    code = "import sys, package._cli.source as r; print({'click', 'rich', 'pyarrow'} & set(sys.modules))"
    output, _ = process_of(code).communicate(timeout=300)
    assert output == b"set()\n"
