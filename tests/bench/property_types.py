"""How long `upsertgen properties` takes for the properties of a large account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, python

PROPERTIES = 2_000
OPTIONS = 12

_TYPES = """
import sys, time
from pathlib import Path
import datamodel_code_generator.enums
from upsertgen.emit.formatting import format_texts
from upsertgen.errors import Location
from upsertgen.properties.module import module_text
from upsertgen.properties.reader import read_object_types

def spent(action):
    started = time.process_time()
    return action(), time.process_time() - started

format_texts([("", "")])
(found, _), reading = spent(lambda: read_object_types([Path(sys.argv[1])], {}, Location("")))
text, making = spent(lambda: module_text("", found))
_, formatting = spent(lambda: format_texts([("", text)]))
print(reading, making, formatting, len(text.splitlines()))
"""


def measure_property_types(folder: Path) -> Iterator[Figure]:
    """Make types of many properties, in CPU time, with the libraries loaded before."""
    path = folder / "contacts.yaml"
    declared = {f"property_{number}": _property(number) for number in range(PROPERTIES)}
    path.write_text(json.dumps({"object_type": "contacts", "properties": declared}, indent=0))
    reading, making, formatting, lines = map(float, python(_TYPES, str(path)).split())
    detail = f"{PROPERTIES} properties, {path.stat().st_size / 2**20:.1f} MB"
    yield Figure("reading files of properties", reading, 1, "s", detail)
    detail = f"{making:.2f} s for {lines:.0f} lines, black alone {formatting:.2f} s"
    yield Figure("types of them, against black alone", making / formatting, 4, "x", detail)


def _property(number: int) -> dict[str, Any]:
    label = f"The label of property {number}"
    if number % 4:
        return {"label": label, "type": "number" if number % 4 == 1 else "string"}
    # Few have so many options that no type lists them.
    count = OPTIONS if number % 40 else 30 * OPTIONS
    options = {f"option_{number}_{index}": f"Option {index}" for index in range(count)}
    return {"label": label, "type": "enumeration", "options": options}
