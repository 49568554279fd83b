"""What sends requests: httpx2's own transport or, where there may be a proxy, its client."""

from __future__ import annotations

import httpx2

from .configuration import Configuration, trusts_environment
from .exchange import uses_client


def transport_for(configuration: Configuration) -> httpx2.BaseTransport:
    """Make what a synchronous connection sends its requests with."""
    if uses_client(configuration):
        return _ThroughClient(configuration)
    from .bounded import BoundedTransport  # With what httpx2 loads when it is first used.

    return BoundedTransport(configuration)


def async_transport_for(configuration: Configuration) -> httpx2.AsyncBaseTransport:
    """Make what an asynchronous connection sends its requests with."""
    if uses_client(configuration):
        return _ThroughAsyncClient(configuration)
    trust_env = trusts_environment(configuration)
    return httpx2.AsyncHTTPTransport(limits=configuration.limits, trust_env=trust_env)


class _ThroughClient(httpx2.BaseTransport):
    def __init__(self, configuration: Configuration) -> None:
        # A redirect may lead to another host, and turns a POST into a GET.
        self._client = httpx2.Client(limits=configuration.limits, follow_redirects=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.send(request, stream=True)

    def close(self) -> None:
        self._client.close()


class _ThroughAsyncClient(httpx2.AsyncBaseTransport):
    def __init__(self, configuration: Configuration) -> None:
        self._client = httpx2.AsyncClient(limits=configuration.limits, follow_redirects=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()
