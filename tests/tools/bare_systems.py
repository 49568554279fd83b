"""Bare Debian systems in folders, and whether this repository works in them.

A bare system has git, make, python3 and its venv module, and nothing else: what a newcomer has. Each is made
once, with debootstrap, and kept; the clone of HEAD in it is new each time. Mirrors, name servers,
certificates, and what the environment says about pip, proxies and CI, are those of this machine, read when
it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools import rerun

ROOT = Path(__file__).parent.parent.parent
KEPT_IN = Path(os.environ.get("BARE_SYSTEMS", "/var/tmp/upsertgen-bare-systems"))  # noqa: S108
PACKAGES = ("git", "make", "python3", "python3-venv", "ca-certificates")
CHECKOUT = Path("home/project")
NAMESPACES = (
    *("unshare", "--mount", "--propagation", "private"),
    *("--pid", "--fork", "--kill-child"),
)
_NOTHING_CHANGED = (
    'git --no-pager diff --stat; git status --porcelain; test -z "$(git status --porcelain)"'
)
STEPS = {
    "make": f"make && {{ {_NOTHING_CHANGED}; }}",
    # What a fresh clone holds is up to date; only from nothing does the generator have to run.
    "from nothing": f"rm -rf generated && make > /dev/null && {{ {_NOTHING_CHANGED}; }}",
    # Here it is asked whether the tests pass on another system. Whether they do each time is for CI itself.
    **{
        name: f"{name} PYTEST=tests.tools.rerun"
        for name in ("make test", "make test-newest", "make test-lowest")
    },
}
PASSED = "passed"
PAUSES = (10, 60)
"""Seconds until a bare system is tried to be made again."""
USUAL = ("make", "from nothing", "make test")
# `CI` decides whether Hypothesis draws by chance, which would let one run of many fail, and `AGAIN` what
# becomes of a download that breaks off.
_INHERITED = re.compile(
    r"AGAIN|CI|(https?|no)_proxy|PIP_(CERT|DEFAULT_TIMEOUT|DISABLE_PIP_VERSION_CHECK|INDEX_URL|"
    r"EXTRA_INDEX_URL|RETRIES)",
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
    if not folder.exists():
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        # A mirror that is brought up to date meanwhile has no longer what it listed before.
        for pause in PAUSES:
            try:
                _make(suite, folder)
                break
            except Unavailable as error:
                print(f"{error}; tried again in {pause} s", file=sys.stderr)
                time.sleep(pause)
        else:
            _make(suite, folder)
    for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        if Path("/", name).exists():
            shutil.copyfile(Path("/", name), folder / name)
    return folder


def _make(suite: str, folder: Path) -> None:
    # What a run made that was killed is in nobody's way.
    new = Path(tempfile.mkdtemp(prefix=f"{suite}-unfinished-", dir=KEPT_IN))
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite]
    # A release that is newer than debootstrap is built like the newest that it knows.
    mirror = _mirror()
    script = Path("/usr/share/debootstrap/scripts/sid")
    command += [str(new), *([mirror, str(script)] if mirror and script.exists() else [])]
    made = subprocess.run([*NAMESPACES, *command], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise Unavailable(f"debootstrap {suite} failed: {made.stdout[-500:]}{made.stderr[-500:]}")
    new.chmod(0o755)
    new.rename(folder)


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
    """Put a fresh clone of HEAD into a bare system.

    Raises:
        Unavailable: It cannot be cloned.
    """
    checkout = folder / CHECKOUT
    shutil.rmtree(checkout, ignore_errors=True)
    command = ["git", "clone", "--quiet", str(ROOT), str(checkout)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise Unavailable(f"this repository cannot be cloned: {made.stderr.strip()}")


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
    return subprocess.run(
        [*NAMESPACES, "sh", "-c", outside, str(folder), inside],
        env=environment,
        stdin=subprocess.DEVNULL,
    ).returncode


@dataclass(frozen=True)
class Row:
    """What one step in one bare system took, and how it ended."""

    suite: str
    python: str
    step: str
    seconds: float
    outcome: str
    unsteady: Sequence[str] = ()


def work_in(suite: str, steps: Sequence[str]) -> Iterator[Row]:
    """Run steps in a bare system until one fails, and yield what became of each."""
    try:
        folder = prepare(suite)
        clone(folder)
    except Unavailable as error:
        print(f"bare systems: {error}", file=sys.stderr)
        yield Row(suite, "", "", 0, "not made")
        return
    python = next(folder.glob("usr/lib/python3.*/os.py")).parent.name.removeprefix("python")
    for name in steps:
        print(f"=== {suite}, Python {python}: {name}", flush=True)
        start = time.monotonic()
        code = run(folder, STEPS[name])
        outcome = f"failed, exit code {code}" if code else PASSED
        yield Row(
            suite,
            python,
            name,
            time.monotonic() - start,
            outcome,
            rerun.unsteady_tests(folder / CHECKOUT),
        )
        if code:
            return


def _suite(word: str) -> tuple[str, list[str]]:
    """Return the name of a suite and the steps that a word of the command line means."""
    suite, *more = re.split("[:,]", word)
    steps = [*USUAL, *(f"make test-{one}" for one in more)]
    if not re.fullmatch("[a-z]+", suite):
        raise argparse.ArgumentTypeError(f"{word!r} is no name of a release of Debian")
    for step in steps:
        if step not in STEPS:
            raise argparse.ArgumentTypeError(f"{word!r} means {step!r}, which is no step")
    return suite, steps


def main(arguments: Sequence[str]) -> int:
    """Run the steps in each bare system, and print a table of what they took and how they ended."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.tools.bare_systems")
    told = "a release of Debian, and after a colon what else to run: trixie, bookworm:lowest"
    parser.add_argument("suites", nargs="+", metavar="SUITE", type=_suite, help=told)
    suites = parser.parse_args(arguments).suites
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    if changed:
        print(f"not committed, and so not in the clones:\n{changed}", file=sys.stderr)
    rows = [row for suite, steps in suites for row in work_in(suite, steps)]
    print(f"\n{'suite':10} {'Python':7} {'step':18} {'seconds':>7}  outcome")
    for row in rows:
        print(f"{row.suite:10} {row.python:7} {row.step:18} {row.seconds:7.0f}  {row.outcome}")
    for row in rows:
        for test in row.unsteady:
            print(f"UNSTEADY: {row.suite}, {row.step}: {rerun.TOLD}: {test}")
    return int(any(row.outcome != PASSED for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
