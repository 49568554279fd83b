"""What it takes to start a sandbox: an address to listen on, and everything that options ask for."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from .faults import FaultError, Faults, parse_schedule
from .limits import Limits
from .options import Default, Options

if TYPE_CHECKING:
    from .contract import Behaviour, Contract
    from .state import State
    from .store import Store

_HIGHEST_PORT = 65535
# Who listens on all addresses is reached at one.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class SandboxError(Exception):
    """The sandbox cannot do what was asked for. The message is one line that says how to mend it."""


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Args:
        host: A name or address of this machine.
        port: The port; 0 for any that is free.

    Returns:
        The socket. From now on connections are taken, and wait to be answered.

    Raises:
        SandboxError: That is not possible.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise SandboxError(f"port {port} does not exist; choose one from 1 to {_HIGHEST_PORT}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        bound = socket.create_server((str(address[0]), port), family=family)
        # asyncio does this only for sockets that say that they are TCP, which those of create_server do
        # not. Without it, an answer in two parts waits 40 ms for an acknowledgement.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise SandboxError(_why_not_bound(host, port, error)) from None
    except UnicodeError:
        raise SandboxError(f"{host!r} is no name of a host") from None


def url_of(bound: socket.socket) -> str:
    """Return the URL at which a socket that listens is reached from this machine."""
    address: tuple[str, int] = bound.getsockname()
    host, port = _REACHED_AT.get(address[0], address[0]), address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def new_state(options: Options) -> State:
    """Open the database, and set up everything that a running sandbox has.

    Args:
        options: What it should be like.

    Returns:
        The state; its store has to be closed.

    Raises:
        SandboxError: The database, the declared properties or the schedule of faults cannot be used.
    """
    from .contract import load_contract
    from .declarations import DeclarationError
    from .state import State
    from .store import Store, StoreError

    contract = load_contract()
    try:
        faults = Faults(None if options.faults is None else parse_schedule(options.faults))
        store = Store(options.database)
        try:
            _declare(store, options, contract)
        except BaseException:
            store.close()
            raise
    except (DeclarationError, FaultError, StoreError) as error:
        raise SandboxError(str(error)) from error
    return State(
        contract=contract,
        store=store,
        limits=_limits(options, contract.behaviour),
        faults=faults,
        options=options,
    )


def _declare(store: Store, options: Options, contract: Contract) -> None:
    from .declarations import read_declarations
    from .properties import from_json

    declared = read_declarations(options.properties, contract.behaviour.export)
    for object_type, properties in declared.items():
        label = contract.object_types.get(object_type, object_type)
        built_in = contract.built_in.get(label, {})
        # An export may know less of these than the specification does: that an email is a key, say.
        store.declare(label, [one for one in properties if one.name not in built_in])
    for object_type, built_in in contract.built_in.items():
        known = store.properties(object_type)
        fresh = [from_json(*each) for each in built_in.items() if each[0] not in known]
        if fresh:
            store.declare(object_type, fresh)


def _limits(options: Options, behaviour: Behaviour) -> Limits:
    burst, daily = options.burst_limit, options.daily_limit
    return Limits(
        burst=behaviour.burst if isinstance(burst, Default) else burst,
        burst_seconds=behaviour.burst_seconds,
        daily=behaviour.daily if isinstance(daily, Default) else daily,
        lock_after=options.lock_after,
        lock_seconds=behaviour.lock_seconds,
    )


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"there is no host {host!r}; listen on 127.0.0.1, or on a name of this machine"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; stop what listens there, or choose another port"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used; choose one above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; listen on 127.0.0.1"
    return f"cannot listen on port {port} of {host}: {error.strerror or error}"
