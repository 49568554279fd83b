"""What was found out about a load before it begins, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from .._bulk.table import one_line

_WIDEST = 400
_HIDDEN = "(the token)"
_SHORT = 16


class State(StrEnum):
    """What a finding means."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "not known"


class Finding(NamedTuple):
    """What was found out about one thing.

    Attributes:
        subject: The thing.
        state: What that means.
        told: What was found out.
        mend: What to do about it.
        details: Further lines.
    """

    subject: str
    state: State
    told: str
    mend: str = ""
    details: Sequence[str] = ()


def lines_of(finding: Finding, secrets: Sequence[str]) -> list[str]:
    """Lay out a finding.

    Args:
        finding: The finding, which may quote what others said.
        secrets: What is never shown.

    Returns:
        Its lines, which line up with those of others.
    """
    state, subject = f"{finding.state:<9}", f"{finding.subject:<11}"
    lines = [f"{state}  {subject}  {one_line(_without(finding.told, secrets), _WIDEST)}"]
    more = [*finding.details, *([f"to mend: {finding.mend}"] if finding.mend else [])]
    return lines + [f"{'':24}{one_line(_without(each, secrets), _WIDEST)}" for each in more]


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if len(secret) < _SHORT:
            # Tokens of sandboxes may be words.
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", _HIDDEN, text)
        else:
            text = text.replace(secret, _HIDDEN)
    return text
