"""Records that a sandbox begins with, and what it held before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from package.sandbox import Options, SandboxError

from tests.sandbox.small_api import SmallApi


def names(api: SmallApi) -> dict[str, str]:
    return {
        one["properties"]["email"]: one["properties"].get("name", "")
        for one in api.records("people")
    }


SOURCES = {
    "a.csv": "email,name\nAda@example.com,\nbob@example.com,Bob\n",
    "b.json": '[{"email": "Ada@example.com", "name": null}, {"email": "bob@example.com", "name": "Bob"}]',
    "c.jsonl": '{"email": "Ada@example.com"}\n\n{"email": "bob@example.com", "name": "Bob"}\n',
}


@pytest.mark.parametrize("name", SOURCES)
def test_records_of_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(f"\ufeff{SOURCES[name]}", "utf-8")
    with SmallApi(Options(seeds=(f"people={file}",))) as api:
        assert names(api) == {"ada@example.com": "", "bob@example.com": "Bob"}
        # Whoever has the email is changed.
        assert api.seed("people", [{"email": "ADA@example.com", "name": "Ada"}]) == 1
        assert names(api) == {"ada@example.com": "Ada", "bob@example.com": "Bob"}
        assert api.seed("people", file) == 2
        assert api.requests == []


def test_values_that_a_request_may_not_give(api: SmallApi) -> None:
    api.declare("people", score={"type": "number", "read_only": True}, on={"type": "bool"})
    api.seed("0-3", [{"email": "a@example.com"}])
    api.seed("people", [{"email": "a@example.com", "score": 1.5, "on": True}])
    (record,) = api.records("people")
    assert record["properties"] == {"email": "a@example.com", "score": "1.5", "on": "true"}
    assert api.count("deals") == 1


def test_a_cell_may_hold_any_character(api: SmallApi, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("email,name,,\na@example.com,A\u2028B\x0cC\x85,,\n", "utf-8")
    api.seed("people", file)
    assert names(api) == {"a@example.com": "A\u2028B\x0cC\x85"}


WRONG: list[tuple[str, str, str]] = [
    ("a.txt", "", "a.txt: expected a file that ends in .csv, .json, .jsonl, .ndjson"),
    ("a.json", "{", "a.json: is no JSON: Expecting"),
    ("a.json", "{}", "a.json: expected a list of records; got {}"),
    ("a.json", "[7]", "a.json: record 1: a record is an object of values by property; got 7"),
    ("a.json", '[{"email": []}]', "record 1: email must be a text, a number or true or false"),
    ("a.json", '[{"name": 1e400}]', "record 1: name must be a text, a number or true or false"),
    ("a.jsonl", '{"name": "x"}\n[', "a.jsonl:2: is no JSON: Expecting"),
    ("a.csv", "email\na@example.com\nnone\n", "a.csv:3: email: none does not fit email"),
    ("a.csv", "emial\nx\n", "a.csv:2: people has no property 'emial'; did you mean 'email'?"),
    ("a.csv", "zz\nx\n", "a.csv:2: people has no property 'zz'; expected one of "),
    ("a.csv", "email\na@example.com,x\n", "a.csv:2: there are more cells than names in the header"),
    ("a.csv", "email,name,name\n", "a.csv:1: the column 'name' stands there more than once"),
    ("a.csv", 'email\n"a"b\n', "a.csv:2: is no CSV: "),
]


@pytest.mark.parametrize(("name", "content", "line"), WRONG)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_written(
    api: SmallApi, tmp_path: Path, name: str, content: str, line: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(SandboxError) as caught:
        api.seed("people", tmp_path / name)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert api.count("people") == 0


def test_of_many_names_only_some_are_told(api: SmallApi) -> None:
    api.declare("people", **{f"name_{number:03}": {} for number in range(100)})
    with pytest.raises(SandboxError, match=r"expected one of .*, name_03. and .. more$") as caught:
        api.seed("people", [{"qqq": "x"}])
    assert "name_099" not in str(caught.value)


def test_files_that_cannot_be_read(api: SmallApi, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"missing\.csv: cannot be read: No such file"):
        api.seed("people", tmp_path / "missing.csv")
    (tmp_path / "latin.csv").write_bytes(b"email\n\xff\n")
    with pytest.raises(SandboxError, match=r"latin\.csv: is not encoded in UTF-8"):
        api.seed("people", tmp_path / "latin.csv")
    with pytest.raises(SandboxError, match="must be TYPE=FILE; got 'people'"):
        SmallApi(Options(seeds=("people",))).start()


def test_a_record_that_would_be_two(api: SmallApi) -> None:
    api.declare("people", code={"unique": True})
    api.seed("people", [{"email": "a@example.com"}, {"code": "7"}])
    with pytest.raises(SandboxError, match="record 1: several records have its unique values"):
        api.seed("people", [{"email": "a@example.com", "code": "7"}])


@pytest.mark.parametrize("kept_in", [None, "crm.sqlite"])
def test_a_snapshot_brings_back_what_there_was(tmp_path: Path, kept_in: str | None) -> None:
    database = None if kept_in is None else tmp_path / kept_in
    with SmallApi(Options(database=database)) as api:
        api.declare("people", note={})
        api.seed(
            "people", [{"email": "a@example.com", "note": "\ud83d"}, {"email": "b@example.com"}]
        )
        before, snapshot = api.records("people"), api.snapshot()
        api.seed("people", [{"email": "a@example.com", "note": "y"}, {"email": "c@example.com"}])
        api.declare("people", more={})
        api.fail("locked", times=2)
        api.upsert("d@example.com")
        api.restore(snapshot)
        assert api.records("people") == before
        assert (api.requests, api.body("/faults")) == ([], {"pending": []})
        assert "more" not in api.body("/properties/people")["properties"]
        assert api.upsert("a@example.com", "e@example.com").status_code == 200
        assert len(api.records("people")) == 3
        api.reset()
        api.restore(snapshot)
        assert api.records("people") == before


def test_programs_in_any_language_do_the_same(api: SmallApi) -> None:
    def post(path: str, body: Any) -> Any:
        return api.ask("POST", f"/_sandbox{path}", json=body).json()

    assert post("/seed/people", {"records": [{"email": "a@example.com"}]})["count"] == 1
    number = post("/snapshots", {})["snapshot"]
    post("/reset", {})
    assert api.count("people") == 0
    post("/restore", {"snapshot": number})
    assert api.count("people") == 1
    wrong = post("/seed/people", {"records": [{"emial": "x"}]})
    assert wrong == {"error": "record 1: people has no property 'emial'; did you mean 'email'?"}
    for _ in range(10):
        post("/snapshots", {})
    wrong = post("/restore", {"snapshot": number})
    assert wrong == {"error": f"there is no snapshot {number}; the last 10 are kept"}
