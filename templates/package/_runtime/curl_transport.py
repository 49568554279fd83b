"""Sends requests through libcurl, for a fraction of the CPU time that httpx2 takes: the extra `fast`.

libcurl pushes what it receives, so an answer is complete, or larger than any may be, before it is handed on.
What others decide here is switched off: redirects, cookies, decompression, and a second attempt on a
connection that broke, after which nobody could tell that a request may have been applied twice.
"""

from __future__ import annotations

import asyncio
import math
import os
import ssl
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from io import BytesIO
from typing import Any, NoReturn
from urllib.request import getproxies

import httpx2

from .answer import LARGEST_BODY
from .attempt import LEAVING, Deadline
from .configuration import Configuration
from .fork import ForkHold, ForkSafe, leave_to_parent
from .persistent_connections import take_place, take_place_async

pycurl: Any = import_module("pycurl")  # Its names are not known to type checkers.

# Few large pieces, each of which costs a call.
_PIECE_BYTES = 2**17
_DAY = 24 * 3600
_OF_LIBCURL = (b"content-length:", b"transfer-encoding:")
_REFUSED = "CERTIFICATE_VERIFY_FAILED"
_NO_ANSWER = "Server disconnected before it sent an answer"

_FAILURES: dict[int, type[httpx2.TransportError]] = {
    pycurl.E_URL_MALFORMAT: httpx2.UnsupportedProtocol,
    pycurl.E_COULDNT_RESOLVE_PROXY: httpx2.ProxyError,
    pycurl.E_COULDNT_RESOLVE_HOST: httpx2.ConnectError,
    pycurl.E_COULDNT_CONNECT: httpx2.ConnectError,
    pycurl.E_SSL_CONNECT_ERROR: httpx2.ConnectError,
    pycurl.E_SSL_CACERT_BADFILE: httpx2.ConnectError,
    pycurl.E_SSL_CACERT: httpx2.ConnectError,
    pycurl.E_SEND_ERROR: httpx2.WriteError,
    pycurl.E_RECV_ERROR: httpx2.ReadError,
}
"""What the errors of libcurl are to httpx2. All others say that the server does not keep to the protocol."""


class CurlTransport(ForkSafe, httpx2.BaseTransport):
    """Sends the requests of a synchronous connection. Threads may share it.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        limits = configuration.limits
        self._configuration = configuration
        self._most_idle = limits.max_keepalive_connections
        places = limits.max_connections
        self._places = None if places is None else threading.BoundedSemaphore(places)
        # Each has a connection of its own, so that the one that was used last is the one to use next.
        self._idle: list[_Transfer] = []
        self._is_closed = False
        super().__init__()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and wait for all of the answer."""
        with self._place(request.extensions.get("timeout", {}).get("pool")):
            try:
                transfer = self._idle.pop()
            except IndexError:  # Another thread may be quicker than any question.
                transfer = self._new_transfer()
            try:
                transfer.begin(request)
                transfer.trace = request.extensions.get("trace")
                failure = None
                try:
                    transfer.curl.perform()
                except pycurl.error as error:
                    failure = error
                finally:
                    transfer.end_hold()
                response = transfer.finish(failure)
            except BaseException:
                transfer.curl.close()
                raise
            self._keep(transfer)
        return response

    def close(self) -> None:
        """Close all connections; those in use when they are not used any more."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().curl.close()

    def after_fork(self) -> None:
        # To close a connection that is encrypted is to say good-bye to its server.
        leave_to_parent(self._idle)
        self._idle = []

    def _new_transfer(self) -> _Transfer:
        transfer = _Transfer(self._configuration)
        # It looks now and then, also when nothing comes. Without it Ctrl-C, too, would have to wait.
        transfer.curl.setopt(pycurl.XFERINFOFUNCTION, transfer.look)
        transfer.curl.setopt(pycurl.NOPROGRESS, 0)
        return transfer

    def _keep(self, transfer: _Transfer) -> None:
        if self._most_idle is None or len(self._idle) < self._most_idle:
            self._idle.append(transfer)
        else:
            transfer.curl.close()
        if self._is_closed:
            self.close()

    @contextmanager
    def _place(self, timeout: float | None) -> Generator[None]:
        take_place(self._places, timeout)
        try:
            yield
        finally:
            if self._places is not None:
                self._places.release()


class AsyncCurlTransport(httpx2.AsyncBaseTransport):
    """Sends the requests of an asynchronous connection, all in the event loop that sends the first one.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        limits = configuration.limits
        self._configuration = configuration
        self._multi = pycurl.AsyncCurlMulti()
        if limits.max_keepalive_connections is not None:
            self._multi.setopt(pycurl.M_MAXCONNECTS, max(1, limits.max_keepalive_connections))
        places = limits.max_connections
        self._places = None if places is None else asyncio.Semaphore(places)
        self._idle: list[_Transfer] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and wait for all of the answer."""
        async with self._place(request.extensions.get("timeout", {}).get("pool")):
            transfer = self._idle.pop() if self._idle else _Transfer(self._configuration)
            transfer.begin(request)
            # If this is cancelled, libcurl has the handle for a little longer, and it is not used again.
            sent = self._multi.add_handle(transfer.curl)
            watch = _Watch(transfer, sent)
            failure = None
            try:
                await sent
            except pycurl.error as error:
                failure = error
            finally:
                watch.end()
                transfer.end_hold()
            response = transfer.finish(failure)
            self._idle.append(transfer)
        return response

    async def aclose(self) -> None:
        """Close all connections, and give up what is under way."""
        await self._multi.aclose()
        while self._idle:
            self._idle.pop().curl.close()

    @asynccontextmanager
    async def _place(self, timeout: float | None) -> AsyncGenerator[None]:
        await take_place_async(self._places, timeout)
        try:
            yield
        finally:
            if self._places is not None:
                self._places.release()


class _Watch:
    """Ends a transfer in an event loop when nothing has moved for too long.

    Args:
        transfer: The transfer.
        sent: What is done when it is.
    """

    def __init__(self, transfer: _Transfer, sent: asyncio.Future[Any]) -> None:
        self._transfer, self._sent = transfer, sent
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def end(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        patience = self._transfer.patience
        if patience < math.inf:
            self._timer = asyncio.get_running_loop().call_later(patience, self._look)

    def _look(self) -> None:
        if not self._transfer.look():
            self._wait()
        elif not self._sent.done():
            self._sent.set_exception(pycurl.error(pycurl.E_OPERATION_TIMEDOUT, ""))


class _Transfer:
    """A handle of libcurl, with the request that it sends and what it has received of the answer.

    Args:
        configuration: How to send requests.

    Attributes:
        curl: The handle.
        trace: What is told when there is a connection, and nothing has been sent.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.curl = pycurl.Curl()
        self._is_encrypted = configuration.base_url.startswith("https://")
        for option, value in _options(configuration):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.SOCKOPTFUNCTION, self._connecting)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._connected)
        self.curl.setopt(pycurl.READFUNCTION, self._give)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self._head: object = None
        self._hold: ForkHold | None = None
        self.trace: Callable[[str, Mapping[str, Any]], None] | None = None
        self._held_back: BaseException | None = None

    def begin(self, request: httpx2.Request) -> None:
        """Get ready to send a request.

        Args:
            request: The request, whose extensions may hold timeouts and a deadline.
        """
        self._request = request
        timeouts = request.extensions.get("timeout", {})
        self._deadline: Deadline | None = request.extensions.get("deadline")
        self._read_timeout: float | None = timeouts.get("read")
        self._write_timeout: float | None = timeouts.get("write")
        content = request.read()
        self._body, self._size = BytesIO(content), len(content)
        self._is_connected = self._has_head = self._is_cut = self._is_late = False
        self._moved_at = began = time.monotonic()
        limits = (each for each in (self._read_timeout, self._write_timeout) if each is not None)
        # libcurl has it looked at several times a request, and before that it cannot be late.
        self._look_from = began + min(limits, default=math.inf)
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._room = LARGEST_BODY
        left = math.inf if self._deadline is None else self._deadline.left()
        self.curl.setopt(pycurl.TIMEOUT_MS, _milliseconds(left))
        self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, _milliseconds(timeouts.get("connect") or _DAY))
        self.curl.setopt(pycurl.POSTFIELDSIZE, self._size)
        head = (request.method, _text_of(request.url), request.headers.raw, self._size > 0)
        if head != self._head:
            self._begin_head(*head)
            self._head = head

    def _begin_head(
        self, method: str, url: str, headers: list[tuple[bytes, bytes]], has_body: bool
    ) -> None:
        # To libcurl, a method with a body is a POST by another name, and one without it a GET.
        is_post = has_body or method in {"POST", "PUT", "PATCH"}
        self.curl.setopt(pycurl.POST if is_post else pycurl.HTTPGET, 1)
        self.curl.setopt(pycurl.NOBODY, method == "HEAD")
        self.curl.setopt(pycurl.CUSTOMREQUEST, method)
        self.curl.setopt(pycurl.URL, url)
        # It leaves out a header without a value, unless that is written with a semicolon; and would add
        # these, and wait for leave to send a large body.
        lines = [b"%b: %b" % line if line[1] else b"%b;" % line[0] for line in headers]
        own = {b"accept": b"Accept:", b"content-type": b"Content-Type:", b"expect": b"Expect:"}
        given = {name.lower() for name, _ in headers}
        lines += [line for name, line in own.items() if name not in given]
        self.curl.setopt(
            pycurl.HTTPHEADER,
            [line for line in lines if not line.lower().startswith(_OF_LIBCURL)],
        )

    @property
    def patience(self) -> float:
        """Seconds after which it has taken too long, unless something moves until then."""
        is_sending = self._body.tell() < self._size
        limit = self._write_timeout if is_sending else self._read_timeout
        if limit is None:
            return math.inf
        # Until it is connected, another limit holds.
        return self._moved_at + limit - time.monotonic() if self._is_connected else limit

    def look(self, *_: object) -> int:
        """Tell whether it has taken too long, which makes libcurl give up."""
        self._is_late = time.monotonic() >= self._look_from and self.patience <= 0
        return int(self._is_late)

    def end_hold(self) -> None:
        """Let other threads fork again: it is connected, or will not be."""
        if self._hold is not None:
            self._hold.end()
            self._hold = None

    def finish(self, failure: Exception | None) -> httpx2.Response:
        """Give the answer.

        Args:
            failure: The error of libcurl, if there was one.

        Raises:
            httpx2.TransportError: There is no complete answer.
            BaseException: What was raised when the request was about to be sent.
        """
        if self._held_back is not None:
            raise self._held_back
        if failure is not None and not self._is_cut:
            self._fail(*failure.args)
        content, self._chunks = b"".join(self._chunks), []
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        return httpx2.Response(status, headers=self._headers, stream=httpx2.ByteStream(content))

    def _fail(self, code: int, message: str) -> NoReturn:
        cause: OSError | None = None
        if code == pycurl.E_OPERATION_TIMEDOUT or self._is_late:
            kind: type[httpx2.TransportError] = httpx2.ReadTimeout
            if not self._is_connected:
                kind = httpx2.ConnectTimeout
            elif self._body.tell() < self._size:
                kind = httpx2.WriteTimeout
            if self._deadline is not None and not self._deadline.allows(0.0):
                message = self._deadline.missed().reason
        elif code in {pycurl.E_GOT_NOTHING, pycurl.E_SEND_FAIL_REWIND}:
            kind, message = httpx2.RemoteProtocolError, _NO_ANSWER
        elif self.curl.getinfo(pycurl.HTTP_CONNECTCODE) not in {0, 200}:
            kind = httpx2.ProxyError
        else:
            kind = _FAILURES.get(code, httpx2.RemoteProtocolError)
            number = self.curl.getinfo(pycurl.OS_ERRNO)
            if code == pycurl.E_SSL_CACERT:
                cause, message = _refused_certificate(message), f"{_REFUSED}: {message}"
            elif number:
                cause = OSError(number, os.strerror(number))
        raise kind(message) from cause

    # What libcurl calls.

    def _connecting(self, *_: object) -> int:
        if self._hold is None and self._is_encrypted:
            self._hold = ForkHold()
        return 0

    def _connected(self, *_: object) -> int:
        self.end_hold()
        try:
            if self.trace is not None:
                self.trace(LEAVING, {"request": self._request})
        except BaseException as error:  # Nobody else would take it.
            self._held_back = error
        self._is_connected, self._moved_at = True, time.monotonic()
        return int(self._held_back is not None)

    def _give(self, size: int) -> bytes:
        self._moved_at = time.monotonic()
        return self._body.read(size)

    def _take_header(self, line: bytes) -> int | None:
        self._moved_at = time.monotonic()
        if line.startswith(b"HTTP/"):  # After provisional answers, this is another one.
            self._headers, self._has_head = [], False
        elif self._has_head:
            pass  # Of no use here: it came after the body.
        elif line.strip():
            name, _, value = line.partition(b":")
            self._headers.append((name.strip(), value.strip()))
            if name.strip().lower() == b"content-length":
                self._is_cut = int(value.strip()[:20] or 0) > LARGEST_BODY
        else:
            self._has_head = True
            return 0 if self._is_cut else None  # And nothing of the body.
        return None

    def _take(self, piece: bytes) -> int | None:
        self._moved_at = time.monotonic()
        self._chunks.append(piece)
        self._room -= len(piece)
        self._is_cut = self._room < 0
        return 0 if self._is_cut else None


def _options(configuration: Configuration) -> Iterator[tuple[int, Any]]:
    """Give the options of libcurl that all requests of a client share."""
    yield pycurl.NOSIGNAL, 1
    yield pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1
    yield pycurl.PATH_AS_IS, 1
    yield pycurl.BUFFERSIZE, _PIECE_BYTES
    expiry = configuration.limits.keepalive_expiry
    yield pycurl.MAXAGE_CONN, _DAY if expiry is None else max(1, math.ceil(expiry))
    proxies = getproxies() if configuration.trusts_environment else {}
    scheme = configuration.base_url.partition(":")[0]
    # Which hosts need none is for libcurl to read from the environment.
    yield pycurl.PROXY, proxies.get(scheme) or proxies.get("all") or ""
    if sys.platform in {"win32", "darwin"}:
        yield pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA
    if configuration.trusts_environment:
        # As httpx2 reads them. Without them, pycurl knows where the system keeps its certificates.
        file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        if file:
            yield pycurl.CAINFO, file
            yield pycurl.PROXY_CAINFO, file
        elif folder:
            yield pycurl.CAPATH, folder
            yield pycurl.PROXY_CAPATH, folder


def _text_of(url: httpx2.URL) -> str:
    # One with a key shows no query as text.
    return (b"%b://%b%b" % (url.raw_scheme, url.netloc, url.raw_path)).decode("ascii")


def _milliseconds(seconds: float) -> int:
    # To libcurl, 0 is no limit.
    return 0 if seconds == math.inf else max(1, math.ceil(seconds * 1000))


def _refused_certificate(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.reason, error.verify_message = _REFUSED, message
    return error
