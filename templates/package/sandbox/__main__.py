"""The command line of the sandbox: `python -m` with the name of the package."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .account import Options
from .contract import load_contract
from .errors import SandboxError, how_to_install
from .facts import print_facts
from .request_log import KEPT_BODIES
from .sandbox import Sandbox

if TYPE_CHECKING:
    import click

_PROGRAM = f"python -m {__package__}"
_BAD_INPUT = 2


class Signals:
    """Ctrl-C and the signal that ends a process: both stop the sandbox, at any time."""

    def __init__(self) -> None:
        self.came = False
        self._sandbox: Sandbox | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def wait(self, sandbox: Sandbox) -> None:
        """Wait for one of them to end a sandbox, also if it came before."""
        self._sandbox = sandbox
        if self.came:
            sandbox.ask_to_stop()
        sandbox.wait()

    def _handle(self, *_: object) -> None:
        self.came = True
        if self._sandbox is not None:
            self._sandbox.ask_to_stop()


def main() -> None:
    """Run the command line: exit code 0 after Ctrl-C, 1 if a fact does not hold, 2 bad input or usage."""
    signals = Signals()
    try:
        import click
    except ModuleNotFoundError as error:
        told = how_to_install(error)
        if told is None:
            raise
        _fail(str(told))
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = _command(signals).main(prog_name=_PROGRAM, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()))
    except SandboxError as error:
        _fail(str(error))


def _serve(options: Options, host: str, port: int, signals: Signals) -> None:
    with Sandbox(options, host=host, port=port) as sandbox:
        kept = "in memory" if options.database is None else f"in {options.database}"
        print(
            f"The sandbox listens on {sandbox.url} and keeps its records {kept}.\n"
            f"Point a client there: Client(token, base_url={sandbox.url!r})\n"
            f"See what it holds:    {sandbox.page_url}\n"
            "Stop it with Ctrl-C.",
            flush=True,
        )
        if not sandbox.is_local:
            print(_warning(sandbox), file=sys.stderr, flush=True)
        signals.wait(sandbox)


def _warning(sandbox: Sandbox) -> str:
    return (
        "Warning: other machines can reach the sandbox, and write records with any token unless --token "
        f"says which.\nRequests below /_sandbox need: Authorization: Bearer {sandbox.admin_token}"
    )


def _fail(line: str) -> NoReturn:
    print(f"{_PROGRAM}: {line}", file=sys.stderr)
    sys.exit(_BAD_INPUT)


def _command(signals: Signals) -> click.Command:
    import click

    @click.command(context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
    @click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8090,
        show_default=True,
        help="Port to listen on; 0 for any that is free.",
    )
    @click.option(
        "--allow-host",
        "allowed_hosts",
        multiple=True,
        metavar="NAME",
        help="Answer by this name too, such as that of a container. Repeatable.  [default: its address]",
    )
    @click.option(
        "--admin-token",
        metavar="TOKEN",
        help="Token for /_sandbox.  [default: none, or made if other machines can reach it]",
    )
    @click.option(
        "--database",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Keep records and properties in this file.  [default: in memory]",
    )
    @click.option(
        "--properties",
        multiple=True,
        metavar="[TYPE=]PATH",
        help="Declare properties: a file of YAML or JSON, a folder, or an export for one type. Repeatable.",
    )
    @click.option(
        "--seed",
        "seeds",
        multiple=True,
        metavar="TYPE=FILE",
        help="Begin with the records of a CSV, JSON or JSON Lines file. Repeatable.",
    )
    @click.option(
        "--create-properties",
        is_flag=True,
        help="Create unknown properties when they are first written, instead of refusing them.",
    )
    @click.option(
        "--token",
        "tokens",
        multiple=True,
        metavar="TOKEN[=SCOPE,…]",
        callback=_tokens,
        help="Accept only this token, with these scopes or all. Repeatable.  [default: any token]",
    )
    @click.option(
        "--as",
        "profile",
        type=click.Choice(list(load_contract().behaviour.profiles)),
        help="Have the limits, and their headers, of this kind of account or app.",
    )
    @click.option(
        "--burst-limit",
        metavar="N|none",
        callback=_limit,
        help="Requests of a token in the rolling window.  [default: as the API has it]",
    )
    @click.option(
        "--daily-limit",
        metavar="N|none",
        callback=_limit,
        help="Requests of the account in a day.  [default: as the API has it]",
    )
    @click.option(
        "--lock-after",
        type=click.IntRange(0),
        metavar="N",
        help="Lock the account when more records are written within a second.  [default: never]",
    )
    @click.option(
        "--faults",
        metavar="SCHEDULE",
        help="Let requests fail by chance: seed=7,rate=0.1[,kinds=locked+reset-after][,seconds=1].",
    )
    @click.option(
        "--latency",
        metavar="TIME[±SPREAD]",
        help="Let each answer take so long at least: 80ms, 80ms±20 (also 80ms+-20) or 1.5s.  [default: none]",
    )
    @click.option(
        "--job-time",
        metavar="TIME[±SPREAD]",
        help="Let jobs take so long until they are complete: 2s or 2s±1.  [default: none]",
    )
    @click.option(
        "--clock",
        metavar="MOMENT|SHIFT",
        help="Let the clock stand at 2026-03-01T12:00:00Z, or shifted by +2d or -90m.  [default: the time]",
    )
    @click.option(
        "--keep-bodies",
        type=click.IntRange(0, 100_000),
        default=KEPT_BODIES,
        show_default=True,
        metavar="N",
        help="Keep the last N requests with what was sent and answered.",
    )
    @click.option(
        "--facts",
        is_flag=True,
        help="Print what is known of the API, whether the sandbox keeps to it, and how it is known.",
    )
    def command(host: str, port: int, facts: bool, **options: Any) -> None:
        """Serve a stand-in for the API that keeps what it is sent, for tests without an account."""
        if facts:
            raise click.exceptions.Exit(0 if print_facts() else 1)
        _serve(Options(**options), host, port, signals)

    return command


def _tokens(
    _: object, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, frozenset[str] | None]:
    tokens: dict[str, frozenset[str] | None] = {}
    for text in texts:
        # From the right: tokens may end in equals signs, scopes have none.
        token, equals, names = text.rpartition("=")
        if not equals:
            token, names = text, ""
        scopes = frozenset(name.strip() for name in names.split(",")) - {""}
        if not token or (equals and not scopes):
            # The token itself is not shown: it may be a real one.
            raise SandboxError(
                f"{option.opts[0]} must be TOKEN or TOKEN=SCOPE,SCOPE; one has no token or scope"
            )
        tokens[token] = scopes if equals else None
    return tokens


def _limit(_: object, option: click.Parameter, text: str | None) -> object:
    if text is None:
        return "default"
    if text == "none":
        return None
    # More digits than that are no limit, and slow to read.
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        name = option.opts[0]
        raise SandboxError(f"{name} must be a number of requests or none; got {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
