"""What it costs to check and convert records by the properties of an account, and to read these."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hubspot_upsert._properties.files import read_file, text_of
from hubspot_upsert.v2026_03 import Client
from hubspot_upsert.v2026_03.contacts import Contacts

from tests.bench.figures import Figure, best_of
from tests.bench.quick_server import quick_server
from tests.properties.exports import listing, option, row

COUNT, ROUNDS = 10_000, 9
PROPERTIES, SIZE = 2_000, 1_000_000
RULES = Contacts._BULK.roles.property_rules

Record = dict[str, Any]


def measure_properties(folder: Path) -> Iterator[Figure]:
    export, own = folder / "contacts.json", folder / "contacts.yaml"
    rows = _rows()
    export.write_text(json.dumps(listing(rows)), encoding="utf-8")
    own.write_text(text_of(read_file(export, "contacts", RULES)), encoding="utf-8")
    times = best_of(7, *(lambda each=each: _read_anew(each) for each in (export, own)))
    for took, file in zip(times, (export, own), strict=True):
        size = f"{len(rows):,} properties, {file.stat().st_size / 1e6:.1f} MB"
        yield Figure(f"reading {file.name}", took * 1e3, 50, " ms", size)
    os.utime(own, (0, 0))  # What was written just now is always read.
    (took,) = best_of(7, lambda: read_file(own, "contacts", RULES))
    yield Figure("reading it again", took * 1e6, 100, " us", "it has not changed")
    records = list(map(_record, range(COUNT)))
    sides: dict[str, tuple[list[Record], dict[str, Any]]] = {
        "plain": (records, {}),
        "checking": (records, {"properties": own}),
        "checking and converting": (
            list(map(_as_people_write_it, records)),
            {"properties": own, "convert": True, "locale": "de"},
        ),
    }
    least = dict.fromkeys(sides, float("inf"))
    with quick_server() as url, Client("token", base_url=url) as client:
        for _ in range(ROUNDS):
            for name, (given, options) in sides.items():
                least[name] = min(least[name], _spent(client, given, options))
    plain = least.pop("plain")
    for name, seconds in least.items():
        detail = f"CPU time, beside {plain / COUNT * 1e6:.1f} us without"
        took = (seconds - plain) / COUNT * 1e6
        yield Figure(f"{name}, for each record of 10 properties", took, 15, " us", detail)


def _read_anew(file: Path) -> None:
    state = file.stat()
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    assert len(read_file(file, "contacts", RULES).properties) == PROPERTIES


def _spent(client: Client, records: Iterable[Record], options: dict[str, Any]) -> float:
    """Return the CPU seconds that an upsert takes, those of all threads of this process."""
    begin = time.process_time()
    outcomes = client.contacts.iter_upsert(records, id_property="email", **options)
    assert sum(outcome.id is not None for outcome in outcomes) == COUNT
    return time.process_time() - begin


def _rows() -> list[dict[str, Any]]:
    """Return an export of about one megabyte."""
    used = [
        row("email", hasUniqueValue=True),
        *map(row, ("firstname", "lastname", "city", "phone")),
        row(
            *("stage", "enumeration", "select"),
            options=[option(f"stage_{each}", f"Stage {each}") for each in range(12)],
        ),
        row(
            *("industry", "enumeration", "select"),
            options=[option(f"INDUSTRY_{each}", f"Industry {each}") for each in range(148)],
        ),
        row("amount", "number", "number"),
        row("vip", "bool", "booleancheckbox", options=[option("true"), option("false")]),
        row("birthday", "date", "date"),
        row("seen_at", "datetime", "date"),
    ]
    count = PROPERTIES - len(used)
    others = [row(f"custom_{each}") for each in range(count * 3 // 4)]
    left = SIZE - len(json.dumps(listing([*used, *others])))
    # The rest are options: what an option takes decides how many of them there are.
    enumerations = count - len(others)
    options = [option(f"option_{each}", f"Option {each}") for each in range(30)]
    one = len(json.dumps(row("custom_0000", "enumeration", "select")))
    each_has = max(1, (left // enumerations - one) // len(json.dumps(options[0])))
    others += [
        row(f"choice_{each}", "enumeration", "select", options=options[:each_has])
        for each in range(enumerations)
    ]
    return [*used, *others]


def _record(number: int) -> Record:
    return {
        "email": f"person-{number}@example.com",
        "firstname": "Ada",
        "lastname": "Lovelace",
        "city": f"City {number % 500}",
        "phone": f"+4930{number:08}",
        "stage": f"stage_{number % 12}",
        "industry": f"INDUSTRY_{number % 148}",
        "amount": f"{number * 7}.25",
        "vip": "true" if number % 3 else "false",
        "birthday": str(date(1950, 1, 1) + timedelta(days=number)),
        "seen_at": f"2026-01-01T{number % 24:02}:{number % 60:02}:{number % 59:02}.{number % 1000:03}Z",
    }


def _as_people_write_it(record: Record) -> Record:
    return record | {
        "stage": record["stage"].replace("stage_", "Stage "),
        "industry": record["industry"].replace("INDUSTRY_", "Industry "),
        "amount": record["amount"].replace(".", ","),
        "vip": "Ja" if record["vip"] == "Ja" else record["vip"].title(),
        "birthday": f"{date.fromisoformat(record['birthday']):%d.%m.%Y}",
    }
