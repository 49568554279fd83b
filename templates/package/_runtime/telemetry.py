"""Spans and metrics of OpenTelemetry, for applications that record them.

The API of OpenTelemetry is not imported here: an application that records has loaded it, and no other
pays for it. Names and values are those of the semantic conventions for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/). No value of a record, no argument of a path, no token
and no message is recorded.
"""

from __future__ import annotations

import sys
import time
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .answer import Answer
from .attempt import Attempt
from .operation import PATH_ARGUMENT, Request

SCOPE = __name__.partition(".")[0]
"""Who records: the name of this package."""

_DURATION = "http.client.request.duration"
_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Those that the conventions name for it, in seconds."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_FIRST_ERROR = 400


def loaded(name: str) -> Any:
    """Give a module of the API of OpenTelemetry; None if the application does not use it.

    Args:
        name: Its name, "trace" or "metrics".
    """
    module = sys.modules.get(f"opentelemetry.{name}")
    # While another thread is importing it, it has no functions yet.
    return module if hasattr(module, f"get_{'tracer' if name == 'trace' else 'meter'}") else None


def tracer(trace: Any) -> Any:
    """Give what makes the spans of this package.

    Args:
        trace: The module of the API.
    """
    return _tracer_of(trace.get_tracer_provider(), trace)


def meter(metrics: Any) -> Any:
    """Give what makes the instruments of this package.

    Args:
        metrics: The module of the API.
    """
    return _meter_of(metrics.get_meter_provider(), metrics)


class RequestRecord:
    """Records the sending of a request. A context manager around it.

    Args:
        request: The request.
        trace: The module of the API; None if the application has no traces.
        metrics: The module of the API; None if the application has no metrics.
    """

    def __init__(self, request: Request, trace: Any, metrics: Any) -> None:
        self._request = request
        self._trace = trace
        self._metrics = metrics
        self._attributes: dict[str, str | int] = {}
        self._began: float | None = None
        self._span: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._end(kind.__name__)

    def begin(self) -> None:
        """Note that it is sent now."""
        request = self._request
        name, attributes = _known_of(request.method, request.template)
        self._attributes |= attributes
        self._began = time.perf_counter()
        if self._trace is not None:
            more: dict[str, str | int] = {"url.full": _redacted(request.template)}
            if request.resends:
                more["http.request.resend_count"] = request.resends
            self._span = tracer(self._trace).start_span(
                name,
                context=request.trace,
                kind=self._trace.SpanKind.CLIENT,
                attributes={**attributes, **more},
            )

    def came(self, attempt: Attempt | None) -> Attempt | None:
        """Take what came of the attempt, and give it back."""
        if isinstance(attempt, Answer):
            self._attributes["http.response.status_code"] = attempt.status
            self._end(str(attempt.status) if attempt.status >= _FIRST_ERROR else None)
        elif attempt is not None:
            kind = attempt.reason.partition(":")[0]
            self._end(kind if kind.isidentifier() else "_OTHER")
        return attempt

    def _end(self, error: str | None) -> None:
        if self._began is None:
            return
        took, self._began = time.perf_counter() - self._began, None
        if error is not None:
            self._attributes["error.type"] = error
        if self._metrics is not None:
            _duration_of(meter(self._metrics)).record(took, self._attributes)
        if self._span is not None:
            self._span.set_attributes(self._attributes)
            if error is not None:
                self._span.set_status(self._trace.StatusCode.ERROR)
            self._span.end()


def record_of(request: Request) -> RequestRecord | None:
    """Give what records an attempt to send a request; None if nobody wants to know.

    Args:
        request: The request.
    """
    trace, metrics = loaded("trace"), loaded("metrics")
    return None if trace is metrics is None else RequestRecord(request, trace, metrics)


# A provider is asked once. Applications have one; tests of theirs may have several.
@lru_cache(maxsize=4)
def _tracer_of(provider: Any, trace: Any) -> Any:
    return trace.get_tracer(SCOPE, tracer_provider=provider)


@lru_cache(maxsize=4)
def _meter_of(provider: Any, metrics: Any) -> Any:
    return metrics.get_meter(SCOPE, meter_provider=provider)


@lru_cache(maxsize=4)
def _duration_of(meter: Any) -> Any:
    return meter.create_histogram(
        _DURATION,
        unit="s",
        description="Duration of HTTP client requests.",
        explicit_bucket_boundaries_advisory=_BOUNDARIES,
    )


@lru_cache(maxsize=64)
def _known_of(method: str, template: str) -> tuple[str, dict[str, str | int]]:
    """Give the name of a span, and what is known of a request before it is sent."""
    url = urlsplit(template)
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "server.address": url.hostname or "",
        "server.port": url.port or _DEFAULT_PORTS.get(url.scheme, 0),
        "url.template": url.path,
    }
    return f"{method} {url.path}", attributes


def _redacted(template: str) -> str:
    return PATH_ARGUMENT.sub("REDACTED", template)
