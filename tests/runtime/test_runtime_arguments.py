"""Arguments that mean harm: they stay in their places, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
from package._runtime.operation import Call, Operation
from package._runtime.request import build_request

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY
from tests.servers import TOKEN, RawServer, Server, raw_answer

INJECTIONS = [
    "\r\nX-Evil: 1",
    "a\rb",
    "a\nb",
    "\r",
    "\n",
    "a\r\n\r\nGET / HTTP/1.1",
    "a\0b",
    "\x85",
    "\u2028",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_line_breaks_reach_neither_headers_nor_token(
    caller: UpsertCaller, server: Server, text: str
) -> None:
    for action, options in (
        (lambda client: client.contacts.get(contact_id="1", trace=text), {}),
        (lambda client: client.contacts.get(contact_id="1"), {"token": TOKEN + text}),
        (lambda client: client.contacts.get(contact_id="1"), {"token": lambda: TOKEN + text}),
    ):
        with pytest.raises(ValueError, match="ASCII") as caught:
            caller.call(action, base_url=server.url, **options)
        assert TOKEN not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("text", ["", ".", "..", *INJECTIONS[:-1], "\ud800", "\x7f"])
def test_path_arguments_that_are_refused(caller: UpsertCaller, server: Server, text: str) -> None:
    with pytest.raises(ValueError, match="path parameter 'contactId' must not"):
        caller.call(lambda client: client.contacts.get(contact_id=text), base_url=server.url)
    assert server.requests == []


# fmt: off
TRICKS = [
    "../", "../..", "..%2f", "%2e%2e", "%2e", "%2E%2e/", "..;", "..;/", ";a=b", "?", "?a=b", "#",
    "#a", "/", "//", "//evil.test", "\\", "..\\", "@evil.test", "evil.test:80",
    "http://evil.test/", "%", "%00", "%0d%0a", "%zz", " ", "+", "&", "=", "...", ". .",
    "..\u200b", "\uff0e\uff0e", "\u2024\u2024", "{part}", "{contactId}", "*", "~", "\u2028", "'",
    '"', "a/../b",
]
# fmt: on


@pytest.mark.parametrize("text", TRICKS)
def test_path_arguments_cannot_change_the_route(
    caller: UpsertCaller, raw_server: RawServer, text: str
) -> None:
    raw_server.script = [raw_answer(b'{"id":"7"}')]
    caller.call(lambda client: client.contacts.get(contact_id=text), base_url=raw_server.url)
    line = raw_server.requests[0].split(b"\r\n")[0].decode("ascii")
    method, target, protocol = line.split(" ")
    assert (method, protocol) == ("GET", "HTTP/1.1")
    _, contacts, argument, parts, last = target.split("/")
    assert (contacts, parts, last) == ("contacts", "parts", "all")
    assert not set(argument) & set("?#;/\\&=@:")
    # However often a proxy decodes it, it is no step up, unless the argument itself was encoded.
    assert argument not in {".", "..", "%2e", "%2e%2e", "%2E", "%2E%2E"}


@pytest.mark.parametrize("place", ["path", "query"])
def test_arguments_of_operations_stay_in_their_places(place: str) -> None:
    for text in TRICKS:
        operation: Operation[Any] = Operation("a", "GET", "/x/{one}/y", {}, None, POLICY)
        arguments = {"one": text if place == "path" else "1"}
        query = {"q": text} if place == "query" else {}
        request = build_request("https://h", Call(operation, path_arguments=arguments, query=query))
        path, _, sent = request.url.removeprefix("https://h").partition("?")
        assert path.startswith("/x/")
        assert path.endswith("/y")
        assert path.count("/") == 3
        assert sent.count("=") == len(query)
        assert not set(sent) & set("&#/")
