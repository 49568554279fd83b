"""Bare Debian systems in folders, and whether this repository works in them.

A bare system has git, make, python3 and its venv module, and nothing else: what a newcomer has. Each is made
once, with debootstrap, and kept; the clone of HEAD in it is new each time. Mirrors, name servers,
certificates and the settings of pip are those of this machine, read when it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
KEPT_IN = Path(os.environ.get("BARE_SYSTEMS", "/var/tmp/upsertgen-bare-systems"))  # noqa: S108
PACKAGES = ("git", "make", "python3", "python3-venv", "ca-certificates")
CHECKOUT = Path("home/project")
_NOTHING_CHANGED = (
    'git --no-pager diff --stat; git status --porcelain; test -z "$(git status --porcelain)"'
)
STEPS = {
    "make": f"make && {{ {_NOTHING_CHANGED}; }}",
    # What a fresh clone holds is up to date; only from nothing does the generator have to run.
    "from nothing": f"rm -rf generated && make > /dev/null && {{ {_NOTHING_CHANGED}; }}",
    "make test": "make test",
    "make test-newest": "make test-newest",
    "make test-lowest": "make test-lowest",
}
USUAL = ("make", "from nothing", "make test")
_INHERITED = re.compile(
    r"PIP_(CERT|DEFAULT_TIMEOUT|DISABLE_PIP_VERSION_CHECK|INDEX_URL|EXTRA_INDEX_URL)|(https?|no)_proxy",
    re.IGNORECASE,
)


class Unavailable(Exception):
    """No bare system can be had here, and why."""


def prepare(suite: str) -> Path:
    """Return the folder of a bare system, which is made if there is none yet.

    Args:
        suite: The name of a release of Debian, such as `bookworm`.

    Raises:
        Unavailable: It cannot be made here.
    """
    if os.name != "posix" or os.geteuid() != 0:
        raise Unavailable("bare systems need root: run it as root, or leave it to CI")
    if shutil.which("debootstrap") is None:
        raise Unavailable("debootstrap is missing: apt-get install debootstrap")
    folder = KEPT_IN / suite
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite]
        # A release that is newer than debootstrap is built like the newest that it knows.
        mirror = _mirror()
        script = Path("/usr/share/debootstrap/scripts/sid")
        command += [str(folder), *([mirror, str(script)] if mirror and script.exists() else [])]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise Unavailable(
                f"debootstrap {suite} failed: {made.stdout[-500:]}{made.stderr[-500:]}"
            )
        (folder / ".complete").touch()
    for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        if Path("/", name).exists():
            shutil.copyfile(Path("/", name), folder / name)
    return folder


def _mirror() -> str | None:
    """Return the mirror that this machine takes Debian's packages from, if it is Debian."""
    sources = Path("/etc/apt")
    files = [*sources.glob("sources.list"), *sources.glob("sources.list.d/*")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    # A mirror of one day does not have the releases after it.
    urls = re.findall(
        r"^(?:deb|URIs:).*?(https?://\S+/debian)/?(?:\s|$)",
        "\n".join(line for line in lines if "snapshot" not in line),
        flags=re.MULTILINE,
    )
    return urls[0] if urls else None


def clone(folder: Path) -> None:
    """Put a fresh clone of HEAD into a bare system."""
    checkout = folder / CHECKOUT
    shutil.rmtree(checkout, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)


def run(folder: Path, command: str) -> int:
    """Run a shell command in the clone of a bare system, and return its exit code."""
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        **inherited,
    }
    inside = f"cd /{CHECKOUT} && {{ {command}; }}"
    # What is mounted and started in namespaces of their own goes with them, however the command ends.
    outside = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" bash -c "$1"'
    namespaces = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
    ]
    return subprocess.run(
        [*namespaces, "sh", "-c", outside, str(folder), inside],
        env=environment,
        stdin=subprocess.DEVNULL,
    ).returncode


def main(arguments: Sequence[str]) -> int:
    """Run the steps in each bare system, and print a table of what they took and how they ended."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.tools.bare_systems")
    parser.add_argument(
        "suites",
        nargs="+",
        metavar="SUITE",
        help="a release of Debian, and after a colon more steps: trixie:newest",
    )
    parser.add_argument("--command", help="run this instead of the usual steps")
    options = parser.parse_args(arguments)
    rows: list[tuple[str, str, str, float, int]] = []
    for word in options.suites:
        suite, _, more = word.partition(":")
        try:
            folder = prepare(suite)
        except Unavailable as error:
            print(f"bare systems: {error}", file=sys.stderr)
            return 2
        clone(folder)
        python = next(folder.glob("usr/lib/python3.*/os.py")).parent.name.removeprefix("python")
        steps = {
            name: STEPS[name]
            for name in (*USUAL, *(f"make test-{one}" for one in more.split(",") if one))
        }
        if options.command:
            steps = {options.command: options.command}
        for name, command in steps.items():
            print(f"=== {suite}, Python {python}: {name}", flush=True)
            start = time.monotonic()
            code = run(folder, command)
            rows.append((suite, python, name, time.monotonic() - start, code))
            if code:
                break
    print(f"\n{'suite':10} {'Python':7} {'step':18} {'seconds':>7}  outcome")
    for suite, python, name, seconds, code in rows:
        outcome = "passed" if code == 0 else f"failed, exit code {code}"
        print(f"{suite:10} {python:7} {name:18} {seconds:7.0f}  {outcome}")
    return int(any(code for *_, code in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
