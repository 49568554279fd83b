"""Archives of collections; broken and hostile ones, which end in one problem that names its place."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from upsertgen.errors import InvalidInput
from upsertgen.importing.provenance import read_provenance
from upsertgen.importing.source import Limits

from tests.command_line import contents
from tests.importing.documents import document, tree
from tests.importing.import_runs import imported, plan, problems

PLACE = "Rollouts/7/v1/things.json"
THINGS = json.dumps(document()).encode()


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


@PACKS
@pytest.mark.parametrize("root", ["", "./", "repository-main/"])
def test_an_archive_is_read_like_the_folder_that_it_holds(
    pack: Pack, root: str, tmp_path: Path, specs: Path
) -> None:
    plan = imported(pack(tmp_path, members(root)), specs)
    assert read_provenance(specs).imports("v1")[0].source.startswith("collection.")
    from_archive = contents(specs / "v1")
    source = tree(tmp_path, things=document("things"), others=document("others"))
    folder = imported(source, tmp_path / "other")
    assert contents(tmp_path / "other/v1") == from_archive
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
    assert "its documents have more than 2000 bytes" in problem


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


def block(
    name: str = "a.json", size: int = 0, kind: bytes = b"0", *, coded: bytes | None = None
) -> bytes:
    """Return a header of a tar, which `tarfile` would not write: `coded` is its size as it stands there."""
    fields = bytearray(tarfile.BLOCKSIZE)
    fields[: len(name)] = name.encode()
    for start, text in ((100, b"0000644"), (108, b"0000000"), (116, b"0000000")):
        fields[start : start + 7] = text
    fields[124:136] = b"%011o\0" % size if coded is None else coded
    fields[136:147] = b"0" * 11
    fields[156:157] = kind
    fields[257:265] = b"ustar\x0000"
    fields[148:156] = b" " * 8
    fields[148:156] = b"%06o\0 " % sum(fields)
    return bytes(fields)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def extended(**values: object) -> bytes:
    """Return an extension of the next header; `__` stands for a dot."""
    records = b""
    for key, value in values.items():
        told = value if isinstance(value, bytes) else str(value).encode()
        record = b" " + key.replace("__", ".").encode() + b"=" + told + b"\n"
        length = next(n for n in range(999_999) if len(str(n)) + len(record) == n)
        records += str(length).encode() + record
    return block("x", len(records), b"x") + padded(records)


HUGE = b"\x80" + (2**80).to_bytes(11, "big")
NEGATIVE = (2**96 - 512).to_bytes(12, "big")
GOOD = block(PLACE, len(THINGS)) + padded(THINGS)
END = bytes(2 * tarfile.BLOCKSIZE)
SPARSE = "it is sparse, or no file, folder or link"
CALLED = "the archive has a member called"
SPARSE_PARTS = {
    "GNU__sparse__major": 1,
    "GNU__sparse__minor": 0,
    "GNU__sparse__realsize": 31 * 2**20,
}

TARS: dict[str, tuple[bytes, str]] = {
    "a size in the header": (block(coded=HUGE), "a.json: its header says that it has more bytes"),
    "a size behind others": (GOOD + block(coded=HUGE), "a.json: its header says that it has more"),
    "a size in an extension": (extended(size=2**80) + block(), "its header says that it has more"),
    "a negative size": (block(coded=NEGATIVE), "its header says that it has -512 bytes"),
    "a negative size in an extension": (extended(size=-512) + block(), "it has -512 bytes"),
    "a size that is a text": (extended(size="a lot") + block(), "the archive cannot be read"),
    "a size of many digits": (extended(size="9" * 9000) + block(), "the archive cannot be read"),
    **{
        f"an extension {kind!r} of any size": (
            block("x", coded=HUGE, kind=kind) + bytes(2**20),
            "the extension of a header has more bytes than there are",
        )
        for kind in (b"x", b"g", b"L", b"K")
    },
    "a large extension": (
        extended(comment="a" * 20_000) + block(),
        "the extension of a header has",
    ),
    "a record without end": (
        block("x", 9, b"x") + padded(b"90 path=a"),
        "the archive cannot be read",
    ),
    "a record of no length": (
        block("x", 9, b"x") + padded(b"0 path=a\n"),
        "the archive cannot be read",
    ),
    "a record of any length": (
        block("x", 30, b"x") + padded(b"9" * 30),
        "the archive cannot be read",
    ),
    "a sparse file": (block("a.json", 512, b"S") + bytes(512), f"a.json: {SPARSE}"),
    "a sparse file, by an extension": (
        extended(**SPARSE_PARTS) + block("a.json", 512) + padded(b"1\n0\n1\n"),
        f"a.json: {SPARSE}",
    ),
    "a sparse file without end": (
        extended(**SPARSE_PARTS) + block("a.json", 512) + padded(b"9" * 20),
        f"a.json: {SPARSE}",
    ),
    "a sparse file, by a map": (
        extended(GNU__sparse__map="0,1", GNU__sparse__size=10**12) + block(),
        f"a.json: {SPARSE}",
    ),
    **{
        f"a member of type {kind!r}": (GOOD + block(kind=kind), f"a.json: {SPARSE}")
        for kind in (b"3", b"4", b"6", b"Z")
    },
    "a NUL in a name": (extended(path=b"a\0b.json") + block(), CALLED),
    "a name that is no text": (extended(path=b"a\xff.json") + block(), CALLED),
    "an absolute name": (extended(path="/etc/passwd") + block(), CALLED),
    "a name that leads out": (block("L", 9, b"L") + padded(b"../a.json") + block(), CALLED),
    "a long name": (extended(path="a" * 2000) + block(), CALLED),
    "a damaged header": (GOOD + b"?" + block()[1:] + GOOD, "the archive cannot be read"),
    "another archive behind it": (GOOD + END + GOOD, "something stands behind its end"),
    "a member that ends too early": (block("a.json", 5000) + bytes(512), "cannot be read"),
    "a document twice": (GOOD + GOOD, f"{PLACE}: the archive holds this document twice"),
}


@pytest.mark.parametrize("case", TARS)
def test_tars_that_are_refused(case: str, tmp_path: Path, specs: Path) -> None:
    content, expected = TARS[case]
    path = tmp_path / "collection.tar.gz"
    early = case.endswith("too early")
    path.write_bytes(gzip.compress(content + (b"" if early else END)))
    (problem,) = problems(path, specs)
    assert problem.startswith("collection.tar.gz")
    assert expected in problem


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(GOOD) + gzip.compress(END), id="in parts"),
        pytest.param(gzip.compress(GOOD + END) + bytes(10_000), id="filled up"),
        pytest.param(gzip.compress(GOOD + END + bytes(100_000)), id="with a long end"),
        pytest.param(
            gzip.compress(
                block("pax_global_header", 19, b"g")
                + padded(b"19 comment=1234567\n")
                + block("Rollouts/", 0, b"5")
                + block("more", 700)
                + padded(b"?" * 700)
                + extended(path=PLACE, size=len(THINGS))
                + block("x")
                + padded(THINGS)
                + block("a.json", 0, b"2")
                + END
            ),
            id="with extensions",
        ),
    ],
)
def test_tars_as_programs_write_them(content: bytes, tmp_path: Path, specs: Path) -> None:
    path = tmp_path / "collection.tgz"
    path.write_bytes(content)
    assert [one.name for one in imported(path, specs).report.imported] == ["things"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read(form: int, tmp_path: Path, specs: Path) -> None:
    path = tmp_path / "collection.tar.gz"
    folder = "ä" * 40 if form != tarfile.USTAR_FORMAT else "a" * 70
    with tarfile.open(path, "w:gz", format=form) as archive:
        member = tarfile.TarInfo(f"{folder}/{folder}/{PLACE}")
        member.size = len(THINGS)
        archive.addfile(member, io.BytesIO(THINGS))
    assert imported(path, specs).report.imported[0].documents[0][0].startswith(f"{folder}/")


def member(name: str = PLACE, mode: int = 0) -> zipfile.ZipInfo:
    one = zipfile.ZipInfo(name)
    one.create_system = 3
    one.external_attr = mode << 16
    return one


def written(*members: tuple[zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", method) as archive:
        warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
        for one, text in members:
            one.compress_type = method
            archive.writestr(one, text)
    return content.getvalue()


def changed_at(content: bytes, local: int, directory: int, value: bytes) -> bytes:
    """Return a zip of one member with other bytes in its header, and in that of its directory."""
    data, place = bytearray(content), content.index(b"PK\1\2")
    data[local : local + len(value)] = value
    data[place + directory : place + directory + len(value)] = value
    return bytes(data)


def of_size(count: int) -> bytes:
    """Return a zip whose member says in 64 bits how large it is."""
    content = written((member(), THINGS))
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry, tail = bytearray(content[start:end]), bytearray(content[end:])
    entry[24:28], entry[30:32] = b"\xff" * 4, struct.pack("<H", 12)
    entry += struct.pack("<HHQ", 1, 8, count)
    tail[12:16] = struct.pack("<I", len(entry))
    return content[:start] + bytes(entry) + bytes(tail)


def directory(count: int) -> bytes:
    """Return a zip with a directory of so many bytes, at least."""
    entry = b"PK\1\2" + bytes(42)
    entries = entry * (count // len(entry) + 1)
    return entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(entries), 0, 0)


ONE = written((member(), THINGS))
DEFLATED = written((member(), THINGS), method=zipfile.ZIP_DEFLATED)
LZMA = written((member(), THINGS), method=zipfile.ZIP_LZMA)
ZIPS: dict[str, tuple[bytes, str]] = {
    **{
        f"of method {method}": (
            changed_at(DEFLATED, 8, 10, bytes([method])),
            f"{PLACE}: the member is compressed by method {method}",
        )
        for method in (1, 12, 14, 93, 95, 99)
    },
    "broken lzma": (LZMA.replace(LZMA[90:110], b"\xff" * 20), f"{PLACE}: the member is compressed"),
    "broken deflate": (
        DEFLATED.replace(DEFLATED[90:110], b"\xff" * 20),
        f"{PLACE}: the archive cannot be read",
    ),
    "encrypted": (changed_at(ONE, 6, 8, b"\1"), f"{PLACE}: the member is encrypted"),
    "another content": (
        ONE.replace(b"application/json", b"application/jsom"),
        f"{PLACE}: the archive cannot be read",
    ),
    "another name": (ONE.replace(b"things.json", b"thinks.json", 1), "cannot be read"),
    "a size of 64 bits": (of_size(2**63), f"{PLACE}: the document has more than 32 MB"),
    "a size of 31 bits": (
        changed_at(ONE, 22, 24, b"\0\0\0\x7f"),
        "the document has more than 32 MB",
    ),
    "a large directory": (directory(9 * 2**20), "its directory has more than 8 MB"),
    "a pipe": (written((member(mode=0o010644), b"")), f"{PLACE}: {SPARSE}"),
    "a device": (written((member(mode=0o020644), b"")), f"{PLACE}: {SPARSE}"),
    "a NUL in a name": (
        written((member(), THINGS), (member("aXb.json"), b"")).replace(b"aXb", b"a\0b"),
        CALLED,
    ),
    "a document twice": (
        written((member(), THINGS), (member(), THINGS)),
        f"{PLACE}: the archive holds this document twice",
    ),
    "an archive": (written((member("inner.zip"), ONE)), "no JSON and YAML files, but 'inner.zip'"),
    "a bomb": (
        written((member(), bytes(40 * 2**20)), method=zipfile.ZIP_DEFLATED),
        f"{PLACE}: the document has more than 32 MB",
    ),
    "a bomb that lies": (
        changed_at(
            written((member(), bytes(40 * 2**20)), method=zipfile.ZIP_DEFLATED),
            22,
            24,
            b"\5\0\0\0",
        ),
        f"{PLACE}: the archive cannot be read",
    ),
    "many lists": (
        written((member(), b"[" + b"[]," * 4_000_000 + b"[]]"), method=zipfile.ZIP_DEFLATED),
        f"{PLACE}: the document takes more than 220 MB of memory",
    ),
}


@pytest.mark.parametrize("case", ZIPS)
def test_zips_that_are_refused(case: str, tmp_path: Path, specs: Path) -> None:
    content, expected = ZIPS[case]
    path = tmp_path / "collection.zip"
    path.write_bytes(content)
    (problem,) = problems(path, specs)
    assert problem.startswith("collection.zip")
    assert expected in problem


def test_what_is_no_document_may_be_packed_in_any_way(tmp_path: Path, specs: Path) -> None:
    path = tmp_path / "collection.zip"
    link = member("Rollouts/7/v1/link.json", 0o120777)
    path.write_bytes(written((member(), THINGS), (link, b"/etc/passwd")))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", b"?", zipfile.ZIP_LZMA)
        archive.writestr("older.tar.xz", b"?")
    done = imported(path, specs)
    assert [one.name for one in done.report.imported] == ["things"]
    assert "  2 files: links or archives, Rollouts/7/v1/link.json, older.tar.xz" in list(
        done.report.lines()
    )


@pytest.mark.parametrize("ending", ["tar", "tar.bz2", "tar.xz", "tar.zst", "7z", "json.gz"])
def test_other_archives_are_not_read(ending: str, tmp_path: Path, specs: Path) -> None:
    path = tmp_path / f"things.{ending}"
    path.write_bytes(GOOD)
    (problem,) = problems(path, specs)
    assert problem.startswith(f"things.{ending}: archives of this kind are not read; expected ")


@PACKS
def test_any_damage_is_one_problem_or_none(pack: Pack, tmp_path: Path, specs: Path) -> None:
    """Whatever a library makes of it."""
    content = pack(tmp_path, members()).read_bytes()
    chance = random.Random(7)
    for ending in (".zip", ".tar.gz"):
        path = tmp_path / f"damaged{ending}"
        for _ in range(40):
            damaged = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            path.write_bytes(damaged[: chance.choice([None, chance.randrange(len(damaged))])])
            try:
                plan(path, specs, proven=False)
            except InvalidInput as error:
                assert all(one.location.path.startswith(path.name) for one in error.problems)
