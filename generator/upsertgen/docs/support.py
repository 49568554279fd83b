"""How long API versions are supported, as `docs/versions.yaml` of a specs folder tells it, with its sources.

Nothing of it stands in a spec, and without the file pages say nothing of support. Each version has three
dates (`since`, `current-until`, `unsupported-from`): `unknown`, or a `date`, which is a month where nobody
knows the day, and the `source` that it is known by.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Problems, did_you_mean, quoted
from upsertgen.inputs import DOCS
from upsertgen.spec_file import spec_text
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import LocatedList, LocatedMapping, mark_location
from upsertgen.specs.yaml_reader import read_yaml

SUPPORT = "versions.yaml"
"""The file, in the folder of the pages that people wrote."""
_DATES = ("since", "current-until", "unsupported-from")
_FIELDS = ("version", *_DATES)
_UNKNOWN = "unknown"
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])(?:-[0-9]{2})?\Z", re.ASCII)
_FORM = "versions: a list of {version, since, current-until, unsupported-from}"
_DATE_FORM = "unknown, or {date: 2025-09, source: how it is known}; the date is a month or a day"


@dataclass(frozen=True)
class Known:
    """A date, and how it is known.

    Attributes:
        date: A day (`2025-09-30`), or a month where nobody knows the day (`2025-09`).
        source: How it is known.
    """

    date: SpecText
    source: SpecText


@dataclass(frozen=True)
class Support:
    """How long a version is supported; nothing for a date that is not known.

    Attributes:
        since: Since when it is generally available.
        current_until: Until when it is current.
        unsupported_from: From when on it is not supported any more.
    """

    since: Known | None = None
    current_until: Known | None = None
    unsupported_from: Known | None = None

    def dates(self) -> tuple[Known | None, Known | None, Known | None]:
        """Return its dates, in their order."""
        return self.since, self.current_until, self.unsupported_from


def read_support(specs: Path, labels: Sequence[str]) -> Mapping[str, Support] | None:
    """Return how long versions are supported, by their labels; nothing where nobody wrote it down.

    Args:
        specs: The specs folder.
        labels: The versions that there are.

    Raises:
        InvalidInput: The file is wrong, with every problem in it.
    """
    path = specs / DOCS / SUPPORT
    if not os.path.lexists(path):
        return None
    problems = Problems()
    shown = path.as_posix()
    data = read_yaml(spec_text(path, specs), shown, problems, expected=(_FORM, "correct it"))
    if problems or data is None:
        try:
            problems.raise_if_any()
        except InvalidInput as error:
            # The reader's own words are about specs.
            raise InvalidInput(
                replace(one, expected=_FORM, mend="correct it") for one in error.problems
            ) from None
    found: dict[str, Support] = {}
    for entry, place in _entries(data, shown, problems):
        label = entry.get("version")
        if not isinstance(label, str) or label not in labels:
            mend = did_you_mean(str(label), labels, "correct it, or take the version out")
            problems.add(
                _place(entry, "version"),
                f"no API version is called {quoted(label)}",
                f"one of {', '.join(labels)}",
                mend,
            )
        elif label in found:
            wrong = f"{quoted(label)} is there twice"
            problems.add(_place(entry, "version"), wrong, "each version once", "remove one")
        else:
            found[label] = _support(entry, place, problems)
    problems.raise_if_any()
    return found


def _entries(
    data: LocatedMapping | None, shown: str, problems: Problems
) -> Iterator[tuple[LocatedMapping, Location]]:
    versions = data.get("versions") if data is not None else None
    others = [key for key in data or () if key != "versions"]
    if not isinstance(versions, LocatedList) or others:
        problems.add(Location(shown), "this is no list of versions", _FORM, "correct it")
        return
    for entry, mark in zip(versions, versions.places, strict=True):
        place = mark_location(mark)
        if isinstance(entry, LocatedMapping):
            yield entry, place
        else:
            problems.add(
                place, f"{quoted(entry)} is no version with its dates", _FORM, "correct it"
            )


def _support(entry: LocatedMapping, place: Location, problems: Problems) -> Support:
    for key in entry:
        if key not in _FIELDS:
            mend = did_you_mean(key, _FIELDS, "remove it")
            wrong = f"a version has no {quoted(key)}"
            problems.add(_place(entry, key), wrong, ", ".join(_FIELDS), mend)
    known = [_known(entry, key, place, problems) for key in _DATES]
    told = [(key, one.date.raw) for key, one in zip(_DATES, known, strict=True) if one is not None]
    for (first, before), (second, after) in pairwise(told):
        least = min(len(before), len(after))
        if before[:least] > after[:least]:
            problems.add(
                _place(entry, second),
                f"{second} {after} is before {first} {before}",
                f"dates in the order {', '.join(_DATES)}",
                "correct one of them",
            )
    return Support(*known)


def _known(entry: LocatedMapping, key: str, place: Location, problems: Problems) -> Known | None:
    if key not in entry:
        wrong = f"{quoted(entry.get('version'))} says nothing of {key}"
        problems.add(place, wrong, _DATE_FORM, f"add '{key}: unknown' if nobody knows")
        return None
    value: Any = entry[key]
    if value == _UNKNOWN:
        return None
    at = _place(entry, key)
    if not isinstance(value, LocatedMapping) or set(value) != {"date", "source"}:
        problems.add(at, f"{key} is {quoted(value)}", _DATE_FORM, "correct it")
        return None
    day, source = value["date"], value["source"]
    if not isinstance(day, str) or not _is_date(day):
        wrong = f"the date of {key} is {quoted(day)}"
        problems.add(_place(value, "date"), wrong, _DATE_FORM, "correct it")
        return None
    if not isinstance(source, str) or not source.strip():
        wrong = f"the source of {key} is {quoted(source)}"
        expected = "words that say how the date is known"
        problems.add(_place(value, "source"), wrong, expected, "write them, or 'unknown' alone")
        return None
    return Known(SpecText(day), SpecText(source))


def _is_date(text: str) -> bool:
    if _DATE.match(text) is None:
        return False
    try:
        date.fromisoformat(text if len(text) > len("2025-09") else f"{text}-01")
    except ValueError:
        return False
    return True


def _place(data: LocatedMapping, key: str) -> Location:
    """Return where a field of the file stands, or what it would stand in."""
    return mark_location(data.places[key][0] if key in data.places else data.start)
