"""What the command gives: files of rejected records, which can be read again, its report and progress."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

import pytest
from package._bulk.outcomes import Outcome, Problem, Status
from package._bulk.progress import Progress
from package._bulk.report import UpsertReport
from package._bulk.values import InputMaker
from package._cli.columns import Mapper, SourceRecord, UnreadableRow
from package._cli.display import BriefReport, counts_of
from package._cli.errors import BadInput
from package._cli.rejects import Rejects
from package._cli.rows import PROBLEM_COLUMNS, Source
from package._cli.source import open_source
from package._runtime.roles import Roles

PEOPLE = 'E-Mail,note\nada@x.example,"a, ""b""\nc"\nnobody,\nbob@x.example,hi\n'
BAD = (
    Problem("email", "INVALID_EMAIL", "nobody is no email"),
    Problem("note", None, "a note; is needed"),
    Problem("email", "INVALID_EMAIL", "really"),
)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def mapped(source: Source) -> Iterator[SourceRecord | UnreadableRow]:
    return Mapper({"E-Mail": "email"}, clears=False).records(source, "email")


def reject(source_path: Path, target: Path, **options: Any) -> list[SourceRecord | UnreadableRow]:
    """Write the second record as rejected and the third as unknown. Gives all records."""
    with open_source(str(source_path)) as source:
        records = list(mapped(source))
        with Rejects(str(target), source, str(source_path), **options) as rejects:
            rejects.add(Outcome(0, Status.CREATED, records[0]))
            rejects.add(Outcome(1, Status.REJECTED, records[1], problems=BAD))
            rejects.add(Outcome(2, Status.UNKNOWN, records[2], reason="no answer"))
            rejects.add(Outcome(3, Status.NOT_SENT, records[2], reason="stopped"))
            rejects.finish()
            assert rejects.count == 2
    return records


def test_own_columns_and_problems(people: Path, tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    reject(people, target)
    with target.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["E-Mail", "note", *PROBLEM_COLUMNS],
        [
            *("nobody", "", "4", "rejected", "email; note", "INVALID_EMAIL"),
            *("nobody is no email; a note; is needed; really", ""),
        ],
        ["bob@x.example", "hi", "5", "unknown", "", "", "no answer", ""],
    ]


def rejected(path: Path, target: Path, **options: Any) -> list[tuple[Any, ...]]:
    """Reject all records of a file. Gives what they hold, or what is wrong with them."""
    given: list[tuple[Any, ...]] = []
    with (
        open_source(str(path), **options) as source,
        Rejects(
            *(str(target), source, str(path)),
            format=options.get("format"),
            delimiter=options.get("delimiter"),
        ) as rejects,
    ):
        mapper = Mapper({}, skipped={"twice"} & set(source.columns or ()))
        for index, record in enumerate(mapper.records(source, None)):
            problems: tuple[Problem, ...] = BAD
            if isinstance(record, UnreadableRow):
                problems = (record.problem,)
                own = {k: v for k, v in record.row.values.items() if k not in PROBLEM_COLUMNS}
                given.append((record.row.text, *own.items(), *problems))
            else:
                given.append(tuple(record.items()))
            rejects.add(Outcome(index, Status.REJECTED, record, problems=problems))
        rejects.finish()
    return given


CELLS = 'E-Mail,note,,twice,twice\nada@x.example,"a, ""b""\nc",0,"\r",1\n'
BROKEN = 'x,"y\nx,y,z,0\nx\n'


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", CELLS + BROKEN, {}),
        ("a.csv", "\ufeff" + CELLS + BROKEN, {}),
        ("a.tsv", (CELLS + BROKEN).replace(",", "\t"), {}),
        ("a.csv", (CELLS + BROKEN).replace(",", ";"), {"delimiter": ";"}),
        ("a.txt", (CELLS + BROKEN).replace(",", "\t"), {"format": "csv", "delimiter": "\t"}),
        ("a.csv", ("E-Mail,note\na,Zoë €\n" + BROKEN).encode("cp1252"), {"encoding": "cp1252"}),
        ("a.csv", ("E-Mail,note\na,Zoë €\n" + BROKEN).encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", b"E-Mail,note\nada,Zo\xeb\nada,Zo\xeb,x\n", {}),
        *(
            (
                *(
                    "a.csv",
                    "E-Mail,note\na,\ud8c5\nb,\udc80x\n".encode(each, "surrogatepass") + b"x",
                ),
                {"encoding": each},
            )
            for each in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")
        ),
        ("a.csv", f"E-Mail,note\nada,{'x' * 200_000}\nx\n", {}),
        ("a.jsonl", '{"a": "", "b": ["x", 1.0, "y"], "c": null}\n{"a": 1}}\n[2]\n{"a": NaN}\n', {}),
        ("a.jsonl", b'{"a": "Zo\xeb"}\n{"a": "Zo\xc3\xab \xf0\x9f\x98\x80"}\n', {}),
        ("a.jsonl", '{"a": "Zoë"}\nZoë\n'.encode("cp1252"), {"encoding": "cp1252"}),
    ],
)
def test_what_comes_out_goes_in_again(
    tmp_path: Path, name: str, content: str | bytes, options: dict[str, Any]
) -> None:
    path, first, second = (tmp_path / f"{each}{name}" for each in ("", "1-", "2-"))
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    given = rejected(path, first, **options)
    assert len(given) > 1
    assert rejected(first, second, **options) == given
    assert first.stat().st_size == second.stat().st_size
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe"):
        assert path.read_bytes().startswith(mark) == first.read_bytes().startswith(mark)


def test_rows_that_a_quote_took_along_are_corrected_together(tmp_path: Path) -> None:
    path, target = tmp_path / "a.csv", tmp_path / "rejects.csv"
    path.write_text('a,b\n1,"2\n3,4\n')
    (text, problem), *more = rejected(path, target)
    assert (text, problem.code, more) == ('1,"2\n3,4', "UNREADABLE_RECORD", [])
    target.write_text(target.read_text().replace('1,""2', "1,2"))
    assert rejected(target, path) == [(("a", "1"), ("b", "2")), (("a", "3"), ("b", "4"))]


def test_values_of_parquet_are_written_as_they_would_be_sent(tmp_path: Path) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    path, target = tmp_path / "a.parquet", tmp_path / "rejects.jsonl"
    values = {
        "email": "a@x",
        "empty": "",
        "none": None,
        "tags": ["a", "b"],
        "since": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "day": date(2026, 3, 1),
        "amount": Decimal("12.50"),
        "count": 7,
        "ratio": 0.5,
    }
    parquet.write_table(arrow.Table.from_pylist([values]), str(path))
    rejected(path, target)
    written = json.loads(target.read_text())
    assert {name: each for name, each in written.items() if name in values} == {
        **values,
        "since": "2026-03-01T12:00:00.000Z",
        "day": "2026-03-01",
        "amount": "12.5",
    }


def test_values_that_cannot_be_sent_are_not_sent_from_there_either(tmp_path: Path) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    path, first, second = (tmp_path / each for each in ("a.parquet", "1.jsonl", "2.jsonl"))
    values = {
        "endless": inf,
        "bytes": b"\xff",
        "span": timedelta(1),
        "since": datetime(2026, 3, 1, 12),
        "some": [1.5, -inf],
    }
    parquet.write_table(arrow.Table.from_pylist([values]), str(path))
    rejected(path, first)
    maker = InputMaker(Roles(inputs="i", key="id", results="r", properties="p"), "endless")
    (given,) = rejected(first, second)
    problems = maker.make(dict(given))
    assert {each.property for each in problems if isinstance(each, Problem)} == set(values)
    assert json.loads(second.read_text())["since"] == {"cannot be sent": "2026-03-01 12:00:00"}


def test_rejects_go_into_a_pipe(people: Path) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as file:
        reject(people, Path(f"/dev/fd/{writer}"), format="csv")
        os.close(writer)
        assert [line.split(",")[0] for line in file] == ["E-Mail", "nobody", "bob@x.example"]


def test_json_keeps_values(tmp_path: Path) -> None:
    path, target = tmp_path / "a.jsonl", tmp_path / "rejects.jsonl"
    values = [{"E-Mail": "a", "n": 1.5}, {"E-Mail": "b", "tags": ["x"]}, {"E-Mail": "ö\ud800"}]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in values))
    reject(path, target)
    first, second = [json.loads(line) for line in target.read_text().splitlines()]
    assert first == {
        "E-Mail": "b",
        "tags": ["x"],
        "rejected: line": 2,
        "rejected: status": "rejected",
        "rejected: property": "email; note",
        "rejected: code": "INVALID_EMAIL",
        "rejected: message": "nobody is no email; a note; is needed; really",
    }
    assert second["E-Mail"] == "ö\ud800"


def test_what_was_there_before_goes_with_the_first_outcome(people: Path, tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    target.write_text("old\n" * 1000)
    with open_source(str(people)) as source:
        with Rejects(str(target), source, str(people)):
            pass
        assert target.read_text() == "old\n" * 1000
        with Rejects(str(target), source, str(people)) as rejects:
            rejects.finish()
        header = ",".join(["E-Mail", "note", *PROBLEM_COLUMNS])
        assert target.read_text() == f"{header}\n"
        target.write_text("old\n" * 1000)
        with Rejects(str(target), source, str(people)) as rejects:
            rejects.add(Outcome(0, Status.CREATED, {}))
        assert target.read_text() == f"{header}\n"


def refusal(source_path: Path, target: Path | str) -> str:
    with open_source(str(source_path)) as source, pytest.raises(BadInput) as raised:
        Rejects(str(target), source, str(source_path))
    return str(raised.value)


def test_files_that_will_not_do(people: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(people)
    for same in (people, link):
        assert "is the file that is read; write rejected records to another one" in refusal(
            people, same
        )
    assert people.read_text() == PEOPLE
    for name in ("a.parquet", "a.jsonl"):
        said = refusal(people, tmp_path / name)
        assert said.endswith("people.csv keep the format of their source; name a .csv file")
    assert "keep the delimiter of their source; name a .csv" in refusal(people, tmp_path / "a.tsv")
    assert "the format of rejected records cannot be told" in refusal(people, tmp_path / "a.xlsx")
    assert refusal(people, tmp_path / "a.csv.gz").endswith("name a file such as a.csv")
    assert "it cannot be written: No such file" in refusal(people, tmp_path / "no" / "a.csv")
    records = tmp_path / "a.jsonl"
    records.write_text('{"email": "a"}\n')
    assert "may differ in their fields; name a .jsonl file" in refusal(records, tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()


# The report, which keeps no outcomes but the first failures


def test_it_prints_the_same_and_keeps_little() -> None:
    statuses = list(Status)
    problems = (Problem("email", "INVALID", "no email"),)
    outcomes = [
        Outcome(
            index,
            statuses[index % len(statuses)],
            {"email": str(index)},
            problems=problems if index % len(statuses) == statuses.index(Status.REJECTED) else (),
            merged_into=0 if index % 50 == 0 else None,
            warnings=({"code": "X"},) if index % 70 == 0 else (),
        )
        for index in range(1_000)
    ]
    brief, whole = BriefReport("contacts.upsert"), UpsertReport("contacts.upsert")
    brief.extend(outcomes)
    whole.extend(outcomes)
    assert (brief.place_name, whole.place_name) == ("line", "record")
    brief.place_name = "record"
    assert str(brief) == str(whole)
    assert repr(brief).removeprefix("<Brief") == repr(whole).removeprefix("<Upsert")
    assert len(brief.outcomes) == 200


def test_progress_in_a_few_words() -> None:
    progress = Progress(2_000, 1_234, 1_000, 200, 0, 0, 0, 0, 0, 13, 4, 2.0, 617.4)
    assert counts_of(progress) == "1,234 records, 617/s"
    some = progress._replace(unchanged=9, rejected=30, unknown=4, not_sent=1_000)
    assert (
        counts_of(some)
        == "1,234 records, 9 unchanged, 30 rejected, 4 unknown, 1,000 not sent, 617/s"
    )
