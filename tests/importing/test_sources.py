"""Files and folder trees; broken, hostile and too large ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from upsertgen.importing.source import Limits

from tests.importing.documents import document, single, tree
from tests.importing.import_runs import imported, problems


def test_links_are_not_followed(tmp_path: Path, specs: Path) -> None:
    secret = single(tmp_path, document("secret"), "secret.json")
    source = tree(tmp_path, things=document("things"))
    place = source / "Group/secret/Rollouts/7/v1"
    place.mkdir(parents=True)
    (place / "secret.json").symlink_to(secret)
    (source / "Group/all").symlink_to(tmp_path)
    path = tmp_path / "linked.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source, "collection")
    for one in (source, path):
        plan = imported(one, specs)
        assert [one.name for one in plan.report.imported] == ["things"]
        assert len(plan.report.unread) == 1


def test_hidden_files_are_passed_over(tmp_path: Path, specs: Path) -> None:
    source = tree(tmp_path, things=document("things"))
    for name in (
        ".git/Rollouts/7/v1/a.json",
        "__MACOSX/Rollouts/7/v1/b.json",
        "Rollouts/7/v1/._c.json",
    ):
        (source / name).parent.mkdir(parents=True)
        (source / name).write_bytes(b"\0")
    imported(source, specs)


def test_folders_are_bounded(tmp_path: Path, specs: Path) -> None:
    source = tree(tmp_path, things=document("things"), others=document("others"))
    (problem,) = problems(source, specs, limits=Limits(members=1))
    assert "holds more than 1 files" in problem


@pytest.mark.parametrize(
    "address", ["https://me:secret@example.com/things.json?token=secret", "file:///etc/passwd"]
)
def test_nothing_is_fetched(address: str, specs: Path) -> None:
    """The message says who can, and repeats nothing that may be secret."""
    (problem,) = problems(address, specs)
    assert problem.startswith("SOURCE: this is an address, and nothing is fetched; expected ")
    assert "curl -o FILE URL" in problem
    assert "secret" not in problem


def test_a_source_that_is_not_there(tmp_path: Path, specs: Path) -> None:
    (problem,) = problems(tmp_path / "nowhere.zip", specs)
    assert problem.startswith("nowhere.zip: there is no such file or folder")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the document is empty"),
        (b'{"paths": {', "things.json:1:12: this is not JSON"),
        (b'{"a": NaN}', "this is not JSON: the value NaN"),
        (b"\xff\xff", "byte 0 is not UTF-8"),
        (b"a: [", "this is not YAML"),
        (b"[]", "the document has no operation that 'batch/upsert' selects"),
        (b'{"swagger": "2.0", "paths": {"/a/batch/upsert": {}}}', "Swagger '2.0' is not supported"),
        (b'{"paths": {"/a/batch/upsert": {"post": {}, "post": {}}}}', "stands twice"),
        (b'{"paths": {"/a/batch/upsert": []}}', "the path holds no operations"),
        (
            b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": 1}}}',
            "the document has no operation that 'batch/upsert' selects",
        ),
        (
            b'{"openapi": "3.0.0", "paths": []}',
            "the document has no operation that 'batch/upsert' selects",
        ),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (
            b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": '
            + b'{"requestBody": {"content": {"a/b": {"schema": '
            + b'{"items": ' * 400
            + b"{}"
            + b"}" * 400
            + b"}}}}}}}",
            "nested",
        ),
        (
            b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": {"summary": "\\ud800", '
            b'"responses": {"\\ud800": {}}}}}}',
            "half of one",
        ),
    ],
)
def test_documents_that_cannot_be_read(
    content: bytes, expected: str, tmp_path: Path, specs: Path
) -> None:
    path = tmp_path / "things.json"
    path.write_bytes(content)
    found = problems(path, specs)
    assert expected in found[0]
    assert "things.json:" in found[0]


def test_every_document_that_cannot_be_read_is_told(tmp_path: Path, specs: Path) -> None:
    source = tree(
        tmp_path, things=document("things"), others=document("others"), more=document("more")
    )
    (source / "Group/things/Rollouts/7/v1/things.json").write_bytes(b"{")
    (source / "Group/more/Rollouts/7/v1/more.json").write_bytes(b"{")
    assert len(problems(source, specs)) == 2
