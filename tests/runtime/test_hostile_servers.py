"""Servers that mean harm: one typed error, bounded memory, no hang."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from package import errors
from package._bulk.answers import Accepted, Lost, classify
from package._runtime.answer import LARGEST_BODY, Answer
from package._runtime.operation import Operation
from package._runtime.roles import Roles

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY
from tests.runtime.test_attempts import TIME_IS_UP
from tests.servers import OK, PATIENCE, RawServer, raw_answer

ROOT = Path(__file__).parents[2]
BODY = json.dumps(OK).encode()
GZIP = "Content-Encoding: gzip\r\n"
MIB = 2**20
BUDGET = 0.2

Step = bytes | Callable[[socket.socket], None]


@cache
def blanks(size: int) -> bytes:
    """Give so many blanks, compressed a thousand times.

    Only the checksum at their end is wrong: who gets there has taken them all.
    """
    compressor = zlib.compressobj(9, wbits=31)
    first, again = (
        compressor.compress(b" " * MIB) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + again * (size // MIB - 1) + compressor.flush()


def stream(head: bytes, chunk: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    """Send the same again and again, for as long as somebody listens."""

    def step(connection: socket.socket) -> None:
        patience = threading.Event()
        timer = threading.Timer(PATIENCE, patience.set)
        timer.start()
        with contextlib.suppress(OSError):
            connection.sendall(head)
            while not patience.wait(pause):
                connection.sendall(chunk)
        timer.cancel()

    return step


def head(headers: str = "", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode()


EMPTY_BLOCKS = zlib.compressobj(wbits=31)
GZIP_HEAD = EMPTY_BLOCKS.compress(b"") + EMPTY_BLOCKS.flush(zlib.Z_FULL_FLUSH)
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"

# Made when they are needed: each process of a run reads this module.
TOO_LARGE: dict[str, Callable[[], Step]] = {
    "50 MB": lambda: raw_answer(b" " * 50_000_000),
    "50 MB announced": lambda: head("Content-Length: 50000000\r\n"),
    "no end": lambda: stream(head(), b" " * MIB),
    "chunks without end": lambda: stream(
        head("Transfer-Encoding: chunked\r\n"), b"4000\r\n%b\r\n" % (b" " * 16384)
    ),
    "a bomb of 1 GB": lambda: raw_answer(blanks(1024 * MIB), headers=GZIP),
    "a bomb without end": lambda: stream(head(GZIP), blanks(64 * MIB)),
    "empty blocks without end": lambda: stream(head(GZIP) + GZIP_HEAD, EMPTY_BLOCK * 100_000),
    "empty lists": lambda: raw_answer(b"[" + b"[]," * 3_000_000 + b"[]]"),
    "empty objects": lambda: raw_answer(
        gzip.compress(b'{"results":[' + b"{}," * 3_000_000 + b"{}]}", 1), headers=GZIP
    ),
    "numbers": lambda: raw_answer(gzip.compress(b"[" + b"1," * 7_000_000 + b"1]", 1), headers=GZIP),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_a_body_that_is_too_large_is_a_decoding_error(
    caller: UpsertCaller, raw_server: RawServer, case: str
) -> None:
    raw_server.script = [TOO_LARGE[case]()]
    with pytest.raises(
        errors.DecodingError, match=r"200 .*(larger than 16 MiB|more than)"
    ) as caught:
        caller.upsert(raw_server)
    assert len(caught.value.text or "") <= 2**16
    assert len(raw_server.requests) == 1


def test_an_error_that_is_too_large_is_judged_by_its_status(
    caller: UpsertCaller, raw_server: RawServer
) -> None:
    raw_server.script = [raw_answer(blanks(100 * MIB), status="409 No", headers=GZIP)]
    with pytest.raises(
        errors.ConflictError, match=r"409 Conflict; .* larger than 16 MiB"
    ) as caught:
        caller.upsert(raw_server)
    assert len(caught.value.text or "") == 2**16
    raw_server.script = [head("Content-Length: 99999999\r\n", "503 Busy"), raw_answer()]
    assert caller.upsert(raw_server).status == "COMPLETE"


def test_a_body_may_be_as_large_as_the_limit(caller: UpsertCaller, raw_server: RawServer) -> None:
    body = BODY + b" " * (LARGEST_BODY - len(BODY))
    for answer in (raw_answer(body), raw_answer(gzip.compress(body, 1), headers=GZIP)):
        raw_server.script = [answer]
        assert caller.upsert(raw_server).status == "COMPLETE"
    body += b" "
    for answer in (raw_answer(body), raw_answer(gzip.compress(body, 1), headers=GZIP)):
        raw_server.script = [answer]
        with pytest.raises(errors.DecodingError, match="larger than 16 MiB"):
            caller.upsert(raw_server)


@pytest.mark.parametrize(
    "encoding", ["gzip", "GZIP ", "x-gzip", "deflate", "identity", "utf-8", "\xff"]
)
def test_encodings_of_bodies(caller: UpsertCaller, raw_server: RawServer, encoding: str) -> None:
    name = encoding.strip().lower()
    body = gzip.compress(BODY) if "gzip" in name else BODY
    body = zlib.compress(BODY) if name == "deflate" else body
    answer = raw_answer(body, headers="Content-Encoding: (it)\r\n")
    raw_server.script = [answer.replace(b"(it)", encoding.encode("latin-1"))]
    assert caller.upsert(raw_server).status == "COMPLETE"
    assert b"accept-encoding: gzip\r\n" in raw_server.requests[0].lower()


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_compressed_bodies_that_are_cut_off(
    caller: UpsertCaller, raw_server: RawServer, cut: int
) -> None:
    raw_server.script = [raw_answer(gzip.compress(BODY)[:-cut], headers=GZIP)]
    with pytest.raises(errors.DecodingError, match="cut off"):
        caller.upsert(raw_server)


STRANGE_BODIES = {
    "deep lists": b"[" * 90_000 + b"]" * 90_000,
    "deep objects": b'{"a":' * 50_000,
    "a long number": b"1" * 2_000_000,
    "a long exponent": b"1e" + b"9" * 1_000_000,
    "wrong types": b'{"status":{},"results":"no"}',
    "a list": b"[]",
    "nothing": b"",
    "wrong charset": '{"status":"COMPLETE","results":[{"id":"\xe4"}]}'.encode("latin-1"),
    "UTF-16": json.dumps(OK).encode("utf-16"),
    "HTML": b"<!doctype html><title>Sign in</title>",
    "not a number": b'{"status":NaN,"results":[]}',
    "many problems": b'{"status":"","results":[%b{}]}' % (b"{}," * 90_000),
}


@pytest.mark.parametrize("case", STRANGE_BODIES)
def test_bodies_of_another_kind(caller: UpsertCaller, raw_server: RawServer, case: str) -> None:
    body = STRANGE_BODIES[case]
    raw_server.script = [raw_answer(body, headers="Content-Type: application/json; charset=x\r\n")]
    with pytest.raises(errors.DecodingError, match="200 the body cannot be read") as caught:
        caller.upsert(raw_server)
    assert len(str(caught.value)) < 1000
    raw_server.script = [raw_answer(body, status="409 No", headers="Content-Type: text/html\r\n")]
    with pytest.raises(errors.ConflictError, match="409 Conflict"):
        caller.upsert(raw_server)


MANY = "".join(f"a{number}:\r\n" for number in range(9_000))
HEADERS_FROM_HELL = {
    "a huge one": f"X-Limit-Max: {'9' * 90_000}\r\n",
    "thousands": MANY,
    "thousands of the same": "X-Limit-Max: 1\r\n" * 5_000,
    "bytes": "X-Limit-Max: \xff\xfe\x80\r\nX-\xe4: 1\r\n",
    "a line break": "X-Limit-Max: 1\rX-Evil: 1\r\n",
    "a folded line": "X-Limit-Max: 1\r\n 2\r\n",
    "NUL": "X-Limit-Max: \0\r\n",
    "no name": ": 1\r\n",
    "no colon": "nonsense\r\n",
    "lengths that differ": "Content-Length: 3\r\n",
    "a length of 80 digits": f"Content-Length: {'9' * 80}\r\n",
    "a negative length": "Content-Length: -1\r\n",
    "a length and chunks": "Transfer-Encoding: chunked\r\n",
    "an unknown transfer": "Transfer-Encoding: gzip\r\n",
    "two transfers": "Transfer-Encoding: chunked, chunked\r\n",
    "an image": "Content-Type: image/png\r\n",
    "many encodings": f"Content-Encoding: {'gzip, ' * 9_000}gzip\r\n",
    "too much": f"X-Limit-Max: {'9' * 900_000}\r\n",
    "an upgrade": "Connection: upgrade\r\nUpgrade: websocket\r\n",
}


@pytest.mark.parametrize("case", HEADERS_FROM_HELL)
def test_headers_from_hell(
    caller: UpsertCaller, raw_server: RawServer, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """They are passed over, or the answer is refused: then it is asked for again, and there is another."""
    caplog.set_level("INFO", "package")
    for status, kind in (("200 OK", errors.DecodingError), ("409 No", errors.ConflictError)):
        answer = raw_answer(BODY, status=status, headers="@")
        broken = answer.replace(b"@", HEADERS_FROM_HELL[case].encode("latin-1"))
        raw_server.script = [broken, raw_answer(b"{}", status="401 No")]
        try:
            assert caller.upsert(raw_server).status == "COMPLETE"
        except (kind, errors.AuthenticationError) as error:
            assert len(str(error)) < 1000
    assert all(len(record.getMessage()) < 1000 for record in caplog.records)


ABSURD_DELAYS = [
    "1e400",
    "-5",
    "9" * 30_000,
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 2026 23:59:59 +999999",
    "\xff",
    "0x10",
    "1" + "\u0660",
    "," * 30_000,
    "(" * 30_000,
    "Fri, " * 9_000,
]


def test_absurd_delays_are_ignored(caller: UpsertCaller, raw_server: RawServer) -> None:
    answer = raw_answer(
        b"{}", status="409 No", headers="Retry-After: @\r\nX-Limit-Milliseconds: @\r\n"
    )
    for value in ABSURD_DELAYS:
        raw_server.script = [answer.replace(b"@", value.encode("utf-8"))]
        with pytest.raises(errors.ConflictError) as caught:
            caller.upsert(raw_server)
        told = (caught.value.retry_after, caught.value.rate_limit)
        assert told == (None, None), value[:99]


TRICKLES = {
    "body": stream(head("Content-Length: 10000\r\n"), b" ", 0.02),
    "compressed body": stream(head(GZIP) + GZIP_HEAD, EMPTY_BLOCK, 0.02),
    "chunks": stream(head("Transfer-Encoding: chunked\r\n"), b"1\r\n \r\n", 0.02),
    "status line": stream(b"HTTP/1.1 200 ", b"O", 0.02),
    "headers": stream(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", 0.02),
    "size of a chunk": stream(head("Transfer-Encoding: chunked\r\n") + b"1;", b"x", 0.02),
    "provisional answers": stream(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "a flood of provisional answers": stream(b"", b"HTTP/1.1 103 Hints\r\n\r\n" * 1000),
}


def test_what_trickles_ends_with_the_budget(caller: UpsertCaller) -> None:
    """Unlike what the servers send, which ends long after it, and then is another error."""

    def upsert(case: str) -> str:
        with contextlib.closing(RawServer()) as server:
            server.script = [TRICKLES[case]]
            with pytest.raises(errors.TransportError) as caught:
                caller.upsert(server, timeout=2 * PATIENCE, time_budget=BUDGET)
        return str(caught.value)

    with ThreadPoolExecutor(len(TRICKLES)) as pool:
        told = dict(zip(TRICKLES, pool.map(upsert, TRICKLES), strict=True))
    # The time that is left is also what each wait for bytes may take.
    late = re.compile(f"{TIME_IS_UP}|Too large response headers")
    assert [case for case in told if not late.search(told[case])] == [], told


def test_a_request_that_is_taken_in_slowly_ends_with_the_budget() -> None:
    def take(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    while connection.recv(65536):
                        time.sleep(0.005)

    inputs = [{"id": "1", "properties": {"text": "x" * 60 * MIB}}]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=take, args=[listener], daemon=True).start()
        with pytest.raises(errors.TransportError, match="within the time budget") as caught:
            # Tasks are cancelled; threads have to notice by themselves.
            UpsertCaller("sync").call(
                lambda client: client.contacts.batch_upsert(inputs=inputs),
                base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                timeout=30,
                time_budget=1,
            )
        listener.shutdown(socket.SHUT_RDWR)
    # It was still being sent: nobody waited until all of it had gone.
    assert "ReadTimeout" not in str(caught.value)


PEAK = """
import sys
from package import errors
from tests.memory import peak_memory
from tests.runtime.conftest import UpsertCaller
kind, url, count = sys.argv[1:]
server = type("Server", (), {"url": url})
before = None
for _ in range(int(count)):
    try:
        UpsertCaller(kind).upsert(server)
    except errors.DecodingError:
        before = before or peak_memory()
    print(peak_memory() - before)
"""


def test_memory_is_bounded(kind: str, raw_server: RawServer) -> None:
    values = b'{"status":"","results":[%b{}]}' % (b'{"id":5,"a":[],"b":1},' * 49_000)
    bodies = [*STRANGE_BODIES.values(), values + b" " * 14 * MIB]
    too_large = [make() for make in TOO_LARGE.values()]
    raw_server.script = [raw_answer(b""), *map(raw_answer, bodies), *too_large]
    count = str(len(raw_server.script))
    command = [sys.executable, "-c", PEAK, kind, raw_server.url, count]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'templates'}"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=path, check=True, timeout=5 * PATIENCE
    )
    peaks = [float(line) for line in done.stdout.split()]
    assert len(peaks) == int(count)
    assert peaks[-1] < 250, peaks


@pytest.mark.parametrize("told", [{"results": "results"}, {"count": "count"}, {"results": "$"}, {}])
@pytest.mark.parametrize("case", STRANGE_BODIES)
def test_bulk_upserts_learn_nothing_from_bodies_of_another_kind(
    case: str, told: dict[str, Any]
) -> None:
    operation: Operation[Any] = Operation("a", "POST", "/", {}, None, POLICY)
    answer = Answer(200, {}, STRANGE_BODIES[case])
    roles = Roles("inputs", "id", **told)
    verdict = classify(operation, roles, answer, number=1, time_left=1, random=0, now=0)
    if isinstance(verdict, Accepted):
        of_the_api = {"wrong types", "not a number", "many problems"}
        lists = set() if told.get("results") == "results" else {"a list"}
        assert case in of_the_api | lists | (set() if told else {"a long exponent"})
    else:
        assert isinstance(verdict, Lost)
        assert len(verdict.reason) < 1000
