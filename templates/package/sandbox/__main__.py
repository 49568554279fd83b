"""The command line of the sandbox: `python -m` with the name of the package."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .installation import how_to_install
from .options import DEFAULT, Default, Options
from .server import Sandbox, SandboxError

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
        """Wait for one of them, also if it came before.

        Args:
            sandbox: What to wait for; it is running.
        """
        self._sandbox = sandbox
        if self.came:
            sandbox.ask_to_stop()
        sandbox.wait()

    def _handle(self, *_: object) -> None:
        self.came = True
        if self._sandbox is not None:
            self._sandbox.ask_to_stop()


def main() -> None:
    """Run the command line: exit code 0 after Ctrl-C, 2 bad input or usage."""
    signals = Signals()
    try:
        import click
    except ModuleNotFoundError as error:
        line = how_to_install(error)
        if line is None:
            raise
        _fail(line)
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = _command(signals).main(prog_name=_PROGRAM, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()))
    except SandboxError as error:
        _fail(str(error))


def serve(options: Options, host: str, port: int, signals: Signals) -> None:
    """Serve until a signal comes.

    Args:
        options: What the sandbox is like.
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
        signals: What ends it.

    Raises:
        SandboxError: It cannot start.
    """
    with Sandbox(options, host=host, port=port) as sandbox:
        kept = "in memory" if options.database is None else f"in {options.database}"
        print(
            f"The sandbox listens on {sandbox.url} and keeps its records {kept}.\n"
            f"Point a client there: Client(token, base_url={sandbox.url!r})\n"
            f"See what it holds:    {sandbox.url}/\n"
            "Stop it with Ctrl-C.",
            flush=True,
        )
        signals.wait(sandbox)


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
        "--database",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Keep records and properties in this file.  [default: in memory]",
    )
    @click.option(
        "--properties",
        multiple=True,
        metavar="[TYPE=]FILE",
        help="Declare properties: a YAML or JSON file, or an export for one object type. Repeatable.",
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
        help="Accept only this token, with these scopes or all. Repeatable.  [default: any token]",
    )
    @click.option(
        "--burst-limit",
        metavar="N|none",
        help="Requests of a token in the rolling window.  [default: as the API has it]",
    )
    @click.option(
        "--daily-limit",
        metavar="N|none",
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
    def command(
        host: str,
        port: int,
        database: Path | None,
        properties: tuple[str, ...],
        create_properties: bool,
        tokens: tuple[str, ...],
        burst_limit: str | None,
        daily_limit: str | None,
        lock_after: int | None,
        faults: str | None,
    ) -> None:
        """Serve a stand-in for the API that keeps what it is sent, for tests without an account."""
        options = Options(
            database=database,
            properties=properties,
            create_properties=create_properties,
            tokens=dict(_token(text) for text in tokens),
            burst_limit=_limit("--burst-limit", burst_limit),
            daily_limit=_limit("--daily-limit", daily_limit),
            lock_after=lock_after,
            faults=faults,
        )
        serve(options, host, port, signals)

    return command


def _token(text: str) -> tuple[str, frozenset[str] | None]:
    # From the right: tokens may end in equals signs, scopes have none.
    token, equals, names = text.rpartition("=")
    if not equals:
        token, names = text, ""
    scopes = frozenset(name.strip() for name in names.split(",")) - {""}
    if not token or (equals and not scopes):
        # The token itself is not shown: it may be a real one.
        raise SandboxError("--token must be TOKEN or TOKEN=SCOPE,SCOPE; one has no token or scope")
    return token, scopes if equals else None


def _limit(option: str, text: str | None) -> int | Default | None:
    if text is None:
        return DEFAULT
    if text == "none":
        return None
    # More digits than that are no limit, and slow to read.
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise SandboxError(f"{option} must be a number of requests or none; got {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
