"""Pictures of pages, as headless Chromium shows them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.browser import browser
from tests.diff.compared_specs import SPECS, diff
from tests.docs.pictures.listing import Picture
from tests.docs.pictures.palette import SCHEMES

WIDTH, HEIGHT = 1280, 900
_SHOWN = "document.body.className === 'live' && document.querySelector('#requests tbody tr')"


def shots(picture: Picture, program: str) -> Iterator[tuple[str, bytes]]:
    """Make a picture of a page in each scheme.

    Args:
        picture: The picture.
        program: The browser.

    Yields:
        The scheme and the image.
    """
    with tempfile.TemporaryDirectory() as folder:
        profile, files = Path(folder) / "profile", Path(folder) / "files"
        files.mkdir()
        with PAGES[picture.name](files) as (url, condition), browser(program, profile) as page:
            for scheme in SCHEMES:
                page.open(url, WIDTH, HEIGHT, scheme)
                page.wait(condition)
                yield scheme, page.screenshot(picture.ending)


@contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[str, str]]:
    with Sandbox(Options(latency="30ms±20")) as sandbox, sandbox.client(Client) as client:
        for name, count in (("tickets", 420), ("deals", 160)):
            sandbox.declare(name, number={"unique": True})
            records = [{"number": f"{name}-{number:05}"} for number in range(count)]
            getattr(client, name).upsert(records, id_property="number")
        people = list(_people(300))
        client.contacts.upsert(people, id_property="email", concurrency=1)
        sandbox.fail("rate-limit")
        sandbox.fail("server;status=503")
        client.contacts.upsert(people[:100], id_property="email", concurrency=1)
        sandbox.fail("slow-body;seconds=2", times=3)
        sandbox.fail("reset-after", resource="deals")
        yield f"{sandbox.url}/", _SHOWN


@contextmanager
def _version_diff(folder: Path) -> Iterator[tuple[str, str]]:
    page = folder / "diff.html"
    versions = sorted(one.name for one in SPECS.glob("20*"))[-2:]
    made = diff(*versions, "--specs", SPECS, "--format", "html", "--output", page)
    assert made.exit_code == 0, made.output
    yield page.as_uri(), "document.querySelector('#matrix')"


@contextmanager
def _load_report(folder: Path) -> Iterator[tuple[str, str]]:
    records = 9_200
    moments = [records // 4, records // 2]

    def meet(progress: Any) -> None:
        while moments and progress.done >= moments[0]:
            del moments[0]
            sandbox.fail("server;status=503", times=2)

    with (
        Sandbox(Options(burst_limit=60, latency="250ms±150")) as sandbox,
        sandbox.client(Client) as client,
    ):
        report = client.contacts.upsert(
            _people(records),
            id_property="email",
            properties=SPECS / "properties",
            progress=meet,
        )
    page = folder / "load.html"
    report.write_html(page)
    yield page.as_uri(), "document.querySelector('#timeline')"


def _people(count: int) -> Iterator[Mapping[str, str]]:
    """Yield contacts, of which some have an address or a value that is refused."""
    for number in range(count):
        person = {"email": f"person-{number}@example.com", "firstname": "Ada"}
        if number % 230 == 17:
            person["email"] = f"person-{number}"
        elif number % 310 == 44:
            person["lifecyclestage"] = "laed"
        elif number % 920 == 300:
            person["hs_lead_status"] = "new lead"
        yield person


# Each opens a page: where it is, and what is true once it shows what it is to show.
PAGES: Mapping[str, Callable[[Path], AbstractContextManager[tuple[str, str]]]] = {
    "sandbox": _sandbox,
    "version-diff": _version_diff,
    "load-report": _load_report,
}
