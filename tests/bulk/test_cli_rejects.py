"""Files of rejected records: all that was read, what is wrong, and reading them again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from package._bulk.outcomes import Outcome, Problem, Status
from package._cli.mapping import PROBLEM_COLUMNS, Mapper, SourceRecord
from package._cli.problems import BadInput
from package._cli.reading import open_source
from package._cli.rejects import Rejects

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


def reject(source_path: Path, target: Path, **options: Any) -> list[SourceRecord]:
    """Write the second record as rejected and the third as unknown. Gives all records."""
    with open_source(str(source_path)) as source:
        records = list(Mapper({"E-Mail": "email"}, clears=False).records(source, "email"))
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
            "nobody is no email; a note; is needed; really",
        ],
        ["bob@x.example", "hi", "5", "unknown", "", "", "no answer"],
    ]


@pytest.mark.parametrize("name", ["rejects.csv", "rejects.tsv", "rejects.jsonl"])
def test_they_can_be_read_again(people: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    records = reject(people, target)
    with open_source(str(target)) as source:
        again = list(Mapper({"E-Mail": "email"}, clears=False).records(source, "email"))
    assert again == records[1:]
    second = tmp_path / f"again-{name}"
    with open_source(str(target)) as source:
        mapped = Mapper({"E-Mail": "email"}, clears=False).records(source, "email")
        with Rejects(str(second), source, str(target)) as rejects:
            for index, record in enumerate(mapped):
                rejects.add(Outcome(index, Status.REJECTED, record))
    if name != "rejects.jsonl":
        header = second.read_text().splitlines()[0].split("\t" if name.endswith("tsv") else ",")
        assert header == ["E-Mail", "note", *PROBLEM_COLUMNS]
    else:
        assert [list(json.loads(line)) for line in second.read_text().splitlines()] == [
            ["E-Mail", "note", *PROBLEM_COLUMNS]
        ] * 2


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


def test_a_delimiter_of_the_caller(people: Path, tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    reject(people, target, delimiter=";")
    assert target.read_text().startswith(f"E-Mail;note;{PROBLEM_COLUMNS[0]};")


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
    assert "are written as CSV or JSON Lines" in refusal(people, tmp_path / "a.parquet")
    assert "the format cannot be told" in refusal(people, tmp_path / "a.xlsx")
    assert "it cannot be written: No such file" in refusal(people, tmp_path / "no" / "a.csv")
    records = tmp_path / "a.jsonl"
    records.write_text('{"email": "a"}\n')
    assert "differ in their fields; name a .jsonl file" in refusal(records, tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()
