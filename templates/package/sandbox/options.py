"""How a sandbox is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, Literal


class Default(Enum):
    """Stands for what the specification says, where nothing else was asked for."""

    DEFAULT = "default"


DEFAULT: Final[Literal[Default.DEFAULT]] = Default.DEFAULT


@dataclass(frozen=True)
class Options:
    """What a sandbox does, where there is a choice.

    Attributes:
        database: The file that keeps records and properties; None keeps them in memory.
        properties: Files that declare properties: `FILE`, or `TYPE=FILE` for an export of the API.
        create_properties: Whether unknown properties are created when they are first written.
        tokens: The bearer tokens that are accepted, and the scopes of each, None for all of them.
            Without any, every token is accepted and has all scopes.
        burst_limit: How many requests a token has in the rolling window; None for no limit.
        daily_limit: How many requests the account has in a day; None for no limit.
        lock_after: How many records within a second lock the account; None for never.
        faults: A schedule of faults, such as `seed=7,rate=0.1`.
    """

    database: Path | None = None
    properties: tuple[str, ...] = ()
    create_properties: bool = False
    tokens: Mapping[str, frozenset[str] | None] = field(
        default_factory=dict[str, frozenset[str] | None], repr=False
    )
    burst_limit: int | Default | None = DEFAULT
    daily_limit: int | Default | None = DEFAULT
    lock_after: int | None = None
    faults: str | None = None
