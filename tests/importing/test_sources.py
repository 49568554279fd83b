"""Files, folder trees and archives; broken, hostile and too large ones."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from upsertgen.importing.limits import Limits

from tests.importing.documents import document, single, tree
from tests.importing.running import imported, problems


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


def zipped(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "collection.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "collection.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


Pack = Callable[[Path, dict[str, bytes]], Path]
PACKS = pytest.mark.parametrize("pack", [zipped, tarred])


def members(root: str = "") -> dict[str, bytes]:
    return {
        f"{root}Group/{name}/Rollouts/7/v1/{name}.json": json.dumps(document(name)).encode()
        for name in ("things", "others")
    }


def contents(specs: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (specs / "v1").iterdir()}


@PACKS
@pytest.mark.parametrize("root", ["", "./", "repository-main/"])
def test_an_archive_is_read_like_the_folder_that_it_holds(
    pack: Pack, root: str, tmp_path: Path, specs: Path
) -> None:
    plan = imported(pack(tmp_path, members(root)), specs)
    assert plan.provenance.imports("v1")[0].source.startswith("collection.")
    from_archive = contents(specs)
    source = tree(tmp_path, things=document("things"), others=document("others"))
    folder = imported(source, tmp_path / "other")
    assert contents(tmp_path / "other") == from_archive
    if root != "repository-main/":
        assert folder.report.imported == plan.report.imported


@PACKS
@pytest.mark.parametrize(
    "name", ["../a.json", "/a.json", "a/../../b.json", "c:\\a.json", "C:a.json", "a\\b"]
)
def test_members_that_lead_out_are_refused(
    pack: Pack, name: str, tmp_path: Path, specs: Path
) -> None:
    (problem,) = problems(pack(tmp_path, {**members(), name: b"{}"}), specs)
    assert "collection." in problem
    assert "the archive has a member called" in problem


@PACKS
def test_archives_are_bounded(pack: Pack, tmp_path: Path, specs: Path) -> None:
    source = pack(tmp_path, {**members(), "zeros.json": bytes(3_000_000), "more.json": b""})
    (problem,) = problems(source, specs, limits=Limits(members=2))
    assert "holds more than 2 files" in problem
    (problem,) = problems(source, specs, limits=Limits(document=500))
    assert "the document has more than 500 bytes" in problem
    (problem,) = problems(source, specs, limits=Limits(total=2000))
    assert "the archive unpacks to more than 2000 bytes" in problem


@PACKS
def test_broken_archives_are_a_problem(pack: Pack, tmp_path: Path, specs: Path) -> None:
    source = pack(tmp_path, members())
    source.write_bytes(source.read_bytes()[:-400])
    (problem,) = problems(source, specs)
    assert "the archive cannot be read" in problem
    source.write_bytes(b"no archive")
    (problem,) = problems(source, specs)
    assert "the archive cannot be read" in problem


def test_a_member_that_unpacks_to_more_than_it_says(tmp_path: Path, specs: Path) -> None:
    source = zipped(tmp_path, members())
    content = source.read_bytes()
    with zipfile.ZipFile(source) as archive:
        size = archive.infolist()[0].file_size
    source.write_bytes(content.replace(size.to_bytes(4, "little"), (5).to_bytes(4, "little")))
    assert problems(source, specs)


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
        assert [name for name, _, _ in plan.report.imported] == ["things"]


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
        (b"[]", "no path of the document"),
        (b'{"swagger": "2.0", "paths": {"/a/batch/upsert": {}}}', "Swagger '2.0' is not supported"),
        (b'{"paths": {"/a/batch/upsert": {"post": {}, "post": {}}}}', "stands twice"),
        (b'{"paths": {"/a/batch/upsert": []}}', "the path holds no operations"),
        (b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": 1}}}', "no path of the document"),
        (b'{"openapi": "3.0.0", "paths": []}', "no path of the document"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (
            b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": '
            + b'{"requestBody": {"content": {"a/b": {"schema": ' + b'{"items": ' * 400 + b"{}" + b"}" * 400
            + b"}}}}}}}",
            "nested",
        ),
        (b'{"openapi": "3.0.0", "paths": {"/a/batch/upsert": {"post": {"summary": "\\ud800", '
         b'"responses": {"\\ud800": {}}}}}}', "half of one"),
    ],
)  # fmt: skip
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
