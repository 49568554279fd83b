"""Reading files: all formats, what is wrong with them and in which line, and how much is read at once."""

from __future__ import annotations

import csv
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._cli.problems import BadInput
from package._cli.reading import open_source
from package._cli.source import Row, format_of

ROOT = Path(__file__).parents[2]


def rows_of(path: Path | str, **options: Any) -> list[Row]:
    with open_source(str(path), **options) as source:
        return list(source)


def values_of(path: Path | str, **options: Any) -> list[dict[str, Any]]:
    return [row.values for row in rows_of(path, **options)]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path | str, **options: Any) -> str:
    with pytest.raises(BadInput) as raised:
        rows_of(path, **options)
    message = str(raised.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


# CSV


def test_csv_has_a_header(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", 'email,First Name\nada@x.example,"Ada, Countess"\nbob@x.example,\n'
    )
    with open_source(str(path)) as source:
        assert source.columns == ("email", "First Name")
        assert list(source) == [
            Row(2, {"email": "ada@x.example", "First Name": "Ada, Countess"}),
            Row(3, {"email": "bob@x.example", "First Name": ""}),
        ]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("\ufeffemail,name\r\na@x,Zoë\r\n", {}),
        ("email;name\na@x;Zoë\n", {"delimiter": ";"}),
        ("email\tname\na@x\tZoë", {"delimiter": "\t"}),
        ("email,name\ra@x,Zoë\r", {}),
        ("\n\nemail,name\n\na@x,Zoë\n\n\n", {}),
        ("email,name\na@x,Zoë\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("email,name\na@x,Zoë\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("\ufeffemail,name\na@x,Zoë\n", {"encoding": "UTF_8"}),
        (b'"email","name"\na@x,"Zo\xc3\xab"\n', {}),
    ],
)
def test_csv_as_programs_write_it(
    tmp_path: Path, content: str | bytes, options: dict[str, Any]
) -> None:
    path = written(tmp_path / "a.csv", content)
    assert values_of(path, **options) == [{"email": "a@x", "name": "Zoë"}]


def test_tabs_are_usual_in_tsv(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TSV", "email\tname\na@x\tAda, B.\n")
    assert values_of(path) == [{"email": "a@x", "name": "Ada, B."}]


def test_a_row_has_the_number_of_its_first_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n\n1,"x\ny\nz"\n2,v\n')
    assert rows_of(path) == [Row(3, {"a": "1", "b": "x\ny\nz"}), Row(6, {"a": "2", "b": "v"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; a header with columns was expected"),
        ("\n\n", "the file is empty; a header with columns was expected"),
        (
            'a,b\n1,2\n3,"4\n5"\n6\n',
            "line 5: there is 1 field, and the header has 2; is a delimiter or a quote missing?",
        ),
        (
            "a,b\n1,2,3\n",
            "line 2: there are 3 fields, and the header has 2; is a delimiter or a quote missing?",
        ),
        ("a,b,a\n", "line 1: there are two columns 'a'; rename or remove one"),
        ("a,,b\n", "line 1: column 2 has no name; name it or remove it"),
        ('a,b\n1,2\n3,"4\n5,6\n', "line 3: this is no CSV: unexpected end of data; is a quote"),
        ('a,b\n1,"2"3\n', "line 2: this is no CSV: ',' expected after '\"'; is a quote"),
        (
            b"a,b\n1,2\n3,\xe9t\xe9\n",
            "line 3: the byte 0xe9 is not utf-8; give its --encoding, such as cp1252",
        ),
        (b"a,\xff\n", "line 1: the byte 0xff is not utf-8; give its --encoding, such as cp1252"),
        (f'a,b\n1,2\n3,"{"x" * 200_000}', "line 3: this is no CSV: field larger than field limit"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path / "a.csv", content)).startswith(message)


def test_rows_before_a_bad_one_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n1,2\n3\n")
    with open_source(str(path)) as source:
        rows = iter(source)
        assert next(rows).values == {"a": "1", "b": "2"}
        with pytest.raises(BadInput, match="line 3"):
            next(rows)


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path / "a.csv", "a,b\n")
    if delimiter:
        with pytest.raises(BadInput, match="--delimiter must be one character, or 'tab'"):
            open_source(str(path), delimiter=delimiter)


def test_an_encoding_that_does_not_exist(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n")
    assert refusal(path, encoding="utf-9") == (
        "'utf-9' is no encoding; try utf-8, cp1252 or utf-16"
    )


def test_text_that_is_not_in_the_encoding_that_was_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", b"a,b\n1,2\n")
    assert "line 1: this is not utf-16: " in refusal(path, encoding="utf-16")


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
    assert read == [{"a": a, "b": b} for a, b in rows]


# JSON Lines


def test_json_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl",
        '\ufeff{"email": "a@x", "n": 1.5, "tags": ["a", "b"]}\r\n\n  \n{"other": null}',
    )
    with open_source(str(path)) as source:
        assert source.columns is None
        assert list(source) == [
            Row(1, {"email": "a@x", "n": 1.5, "tags": ["a", "b"]}),
            Row(4, {"other": None}),
        ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "line 3: this is no JSON: Expecting value at character 1"),
        ('{"a": 1,}', "line 3: this is no JSON: "),
        ('{"a": 1}{', "line 3: this is no JSON: Extra data at character 9"),
        ("[1]", "line 3: this is no JSON object, such as "),
        ('"text"', "line 3: this is no JSON object, such as "),
        ('{"a": NaN}', "line 3: this is no JSON: it has no NaN"),
        ('{"a": ' + "[" * 100_000, "line 3: this is no JSON: "),
        ('{"a": ' + "9" * 5000 + "}", "line 3: this is no JSON: "),
    ],
)
def test_json_lines_that_cannot_be_read(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path / "a.ndjson", f'{{"a": 1}}\n\n{line}\n{{"a": 2}}\n')
    assert refusal(path).startswith(message)


def test_json_that_is_not_utf_8(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", b'{"a": 1}\n{"a": "\xe9"}\n')
    assert refusal(path).startswith("line 2: the byte 0xe9 is not utf-8")


def test_line_separators_in_text_end_no_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", json.dumps({"a": "x\u2028\x85y"}, ensure_ascii=False))
    assert values_of(path) == [{"a": "x\u2028\x85y"}]


# Parquet


def parquet(path: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    arrow: Any = import_module("pyarrow")
    module: Any = import_module("pyarrow.parquet")
    module.write_table(arrow.table(columns), path, **options)
    return path


def test_parquet(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    path = parquet(
        tmp_path / "a.parquet",
        {
            "email": ["a@x", "b@x"],
            "count": [1, None],
            "price": [Decimal("1.50"), None],
            "day": [date(2026, 1, 2), None],
            "moment": [now, None],
            "tags": [["a", "b"], []],
        },
    )
    with open_source(str(path)) as source:
        assert source.columns == ("email", "count", "price", "day", "moment", "tags")
        first, second = list(source)
    assert first.line == 1
    assert first.values == {
        "email": "a@x",
        "count": 1,
        "price": Decimal("1.50"),
        "day": date(2026, 1, 2),
        "moment": now,
        "tags": ["a", "b"],
    }
    assert second.values["count"] is None


def test_parquet_is_read_bit_by_bit(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"n": list(range(50_000))}, row_group_size=5_000)
    with open_source(str(path)) as source:
        assert source.fraction() == 0
        rows = iter(source)
        assert [row.values["n"] for row in itertools.islice(rows, 5)] == [0, 1, 2, 3, 4]
        assert source.fraction() == 5 / 50_000
        assert sum(1 for _ in rows) == 49_995
        assert source.fraction() == 1


def test_parquet_that_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", b"PAR1 but not really")
    assert refusal(path)
    assert refusal(tmp_path / "missing.parquet")


def test_parquet_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # None in this table makes importing fail as it does for what is not installed.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = refusal(written(tmp_path / "a.parquet", b""))
    assert message.startswith("pyarrow is needed and not installed; install it with: pip install '")
    assert message.endswith("[cli,parquet]'")


def test_parquet_does_not_come_through_standard_input() -> None:
    with pytest.raises(BadInput, match="Parquet cannot be read from standard input"):
        open_source("-", "parquet")


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
    ],
)
def test_the_name_tells_the_format(path: str, format: str) -> None:
    assert format_of(path) == format


@pytest.mark.parametrize("path", ["a.xlsx", "a", ".csv", "-", "a.json"])
def test_a_name_that_does_not_tell_the_format(path: str) -> None:
    with pytest.raises(
        BadInput, match=r"the format cannot be told .* --format csv\|jsonl\|parquet"
    ):
        format_of(path)


@pytest.mark.parametrize("name", ["missing.csv", "missing.jsonl"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path / name) == "No such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, format="csv") == "Is a directory"


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
import resource, sys
from package._cli.reading import open_source
with open_source(*sys.argv[1:]) as source:
    rows = sum(1 for _ in source)
    print(rows, source.fraction(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def read_by_a_process(arguments: list[str], data: Iterator[bytes]) -> list[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", READ_ALL, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "templates")},
    )
    assert process.stdin is not None
    for part in data:
        process.stdin.write(part)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.decode().split()


def test_standard_input_is_read_in_constant_memory() -> None:
    line = b'{"email": "somebody@x.example", "note": "' + b"x" * 200 + b'"}\n'
    small = read_by_a_process(["-", "jsonl"], iter([line] * 1_000))
    large = read_by_a_process(["-", "jsonl"], itertools.repeat(line * 1_000, 200))
    assert small[:2] == ["1000", "None"]
    assert large[0] == "200000"
    # 50 MB went through; kilobytes on Linux.
    assert int(large[2]) - int(small[2]) < 5_000


def test_standard_input_stays_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path / "input", "a,b\n1,2\n")
    with path.open(encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert values_of("-", format="csv") == [{"a": "1", "b": "2"}]
        assert not file.buffer.closed


def test_reading_needs_neither_click_nor_rich() -> None:
    code = "import sys, package._cli.reading as r; print({'click', 'rich', 'pyarrow'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "templates")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    assert done.stdout == "set()\n"
