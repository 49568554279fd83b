"""Clients travel to other processes as settings, and open their connections there."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import pickletools
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package._runtime.credentials import Credential, Credentials
from package._runtime.security import BEARER, Token, Tokens

from tests.runtime.conftest import KINDS, AnyClient, Kind, close, get
from tests.runtime.emitted_client import AsyncClient, Client
from tests.servers import PROGRAM_PATIENCE, TOKEN, Server, answer

HELD = Credentials((BEARER,), TOKEN)
# What it prints is compared, so that a warning that nothing caught fails the test as well.
USE_IT = """
import pickle, sys
client = pickle.load(sys.stdin.buffer)
print(client.contacts.get(contact_id="1").id)
"""


@pytest.fixture
def server(server: Server) -> Server:
    """A server that has the contact that is asked for."""
    server.script = [answer(200, {"id": "1"})]
    return server


def read_token() -> str:
    return TOKEN


async def wait_for_token() -> str:
    return TOKEN


def pickled(thing: object) -> Any:
    return pickle.loads(pickle.dumps(thing))


@KINDS
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_client_from_a_pickle_calls_as_the_first_one_does(
    kind: Kind, protocol: int, server: Server
) -> None:
    client = kind(TOKEN, base_url=server.url)
    stored = pickle.dumps(client, protocol)
    assert TOKEN.encode() in stored
    again = pickle.loads(stored)
    assert type(again) is kind
    assert get(again).id == "1"
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert server.requests[0].headers["User-Agent"] == "emitted-client/1.0"


@KINDS
def test_settings_go_along(kind: Kind) -> None:
    client = kind(
        read_token,
        base_url="http://api.example.com/below",
        timeout=httpx2.Timeout(7, connect=3),
        limits=httpx2.Limits(max_connections=2),
        time_budget=None,
        allow_plain_http=True,
    )
    assert pickled(client)._connection.configuration == client._connection.configuration


@KINDS
def test_a_client_with_options_becomes_one_of_its_own(kind: Kind, server: Server) -> None:
    client = kind(TOKEN, base_url=server.url)
    again = pickled(client.with_options(time_budget=50, timeout=20))
    close(client)
    assert again._connection.configuration.time_budget == 50
    assert again._connection.configuration.timeout == httpx2.Timeout(20)
    assert get(again).id == "1"
    with pytest.raises(RuntimeError, match="closed"):
        get(again)


@KINDS
def test_connections_are_not_shared(kind: Kind, server: Server) -> None:
    client = kind(TOKEN, base_url=server.url)
    again = pickled(client)
    close(client)
    assert get(again).id == "1"
    with Client(TOKEN, base_url=server.url) as used:
        used.contacts.get(contact_id="1")
        assert get(pickled(used)).id == "1"
    other = kind(TOKEN, base_url=server.url)
    close(pickled(other))
    assert get(other).id == "1"


def test_methods_can_be_pickled(server: Server) -> None:
    with Client(TOKEN, base_url=server.url) as client:
        call = pickled(partial(client.contacts.get, contact_id="1"))
    assert call().id == "1"


def test_a_client_calls_from_another_process(server: Server) -> None:
    root = Path(__file__).parents[2]
    with Client(read_token, base_url=server.url) as client:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", USE_IT],
            input=pickle.dumps(client),
            capture_output=True,
            check=False,
            timeout=PROGRAM_PATIENCE,
            cwd=root,
            env={"PYTHONPATH": f"{root}:{root / 'templates'}"},
        )
    assert (done.stdout, done.stderr) == (b"1\n", b"")


def test_connections_are_closed_with_the_last_reference(server: Server) -> None:
    # pytest makes an error of the warning that an unclosed connection gives.
    with Client(TOKEN, base_url=server.url) as client:
        again = pickled(client)
    other = again.with_options(timeout=20)
    contacts = again.contacts
    assert contacts.get(contact_id="1").id == "1"
    del again, contacts
    gc.collect()
    assert other.contacts.get(contact_id="1").id == "1"
    del other
    gc.collect()


@pytest.mark.parametrize(
    ("kind", "token"),
    [(Client, read_token), (AsyncClient, read_token), (AsyncClient, wait_for_token)],
)
def test_a_pickle_holds_a_function_and_not_its_token(
    kind: Kind, token: Callable[[], str | Awaitable[str]], server: Server
) -> None:
    client: Any = kind(token, base_url=server.url)  # type: ignore[arg-type]
    stored = pickle.dumps(client)
    assert TOKEN.encode() not in stored
    assert token.__name__ in [argument for _, argument, _ in pickletools.genops(stored)]
    assert get(pickle.loads(stored)).id == "1"
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


@KINDS
def test_a_function_without_a_name_cannot_be_pickled(kind: Kind) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(kind(lambda: TOKEN))


@KINDS
def test_a_closed_client_says_why_it_cannot_be_pickled(kind: Kind) -> None:
    client = kind(TOKEN)
    closed, other = (client.with_options(timeout=3) for _ in range(2))
    close(closed)
    assert pickled(client)
    assert pickled(other)
    close(client)
    for one in (closed, client, other):
        with pytest.raises(TypeError, match="closed client cannot be pickled; pickle it before"):
            pickle.dumps(one)


def test_a_client_with_a_transport_says_why_it_cannot_be_pickled() -> None:
    class Own(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        pass

    clients: list[AnyClient] = [
        Client(TOKEN, transport=Own()),
        AsyncClient(TOKEN, transport=Own()),
    ]
    for client in clients:
        for one in (client, client.with_options(timeout=3)):
            with pytest.raises(TypeError, match="transport of its own cannot be pickled"):
                pickle.dumps(one)


@pytest.mark.parametrize(
    "hidden", [Token(TOKEN), Tokens([Token(TOKEN)]), Credential(TOKEN, BEARER), HELD]
)
@pytest.mark.parametrize("store", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_token_by_itself_is_neither_pickled_nor_copied(
    hidden: object, store: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError, match="a token cannot be pickled or copied"):
        store(hidden)


@KINDS
def test_a_client_is_not_copied_with_its_token(kind: Kind) -> None:
    with pytest.raises(TypeError, match=r"cannot be copied.*share it, or use with_options"):
        copy.deepcopy({"settings": kind(TOKEN)})


def test_pickling_does_not_show_the_token() -> None:
    class Local(Client):
        """Cannot be pickled, for no module has it."""

    assert "secret-" not in repr(HELD.pickled())
    # The pickler that is written in Python has frames with variables, which reports of errors show.
    with pytest.raises((pickle.PicklingError, AttributeError)) as caught:
        pickler: Any = vars(pickle)["_Pickler"](io.BytesIO())
        pickler.dump(Local(TOKEN))
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "secret-" not in "".join(report.format())
