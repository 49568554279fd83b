"""Texts of the corpus in positions of the project: which are tried, and what has to come of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.hostile.corpus import CORPUS
from tests.hostile.emission import PAGES, check_emitted, check_together, understood
from tests.hostile.project import WHOLE, Project, positions

POSITIONS = tuple(positions(WHOLE))


def open_positions() -> list[int]:
    """Return the positions that take an ordinary word, so that what a text does there is emitted."""
    return [
        number
        for number, position in enumerate(POSITIONS)
        if position.alone or understood(position.put(WHOLE, "Ordinary")) is not None
    ]


@dataclass(frozen=True)
class Placement:
    """Texts in positions of the whole project.

    Attributes:
        places: Numbers of positions, each with the number of a text.
    """

    places: tuple[tuple[int, int], ...]

    @property
    def alone(self) -> bool:
        """Whether it concerns the whole run."""
        return any(POSITIONS[position].alone for position, _ in self.places)

    def project(self) -> Project:
        """Return the project with the texts in place."""
        project = WHOLE
        for position, text in self.places:
            project = POSITIONS[position].put(project, CORPUS[text])
        return project

    def __str__(self) -> str:
        told = (f"{CORPUS[text][:99]!r} in {POSITIONS[at].name}" for at, text in self.places)
        return f"{' and '.join(told)} (Placement({self.places!r}))"


def sample(seed: int, count: int) -> list[Placement]:
    """Return placements of one text: each position and each text occurs before any occurs again."""
    chance = random.Random(seed)
    places: list[int] = []
    texts: list[int] = []
    while len(places) < count:
        places += chance.sample(range(len(POSITIONS)), len(POSITIONS))
    while len(texts) < count:
        texts += chance.sample(range(len(CORPUS)), len(CORPUS))
    return [Placement((pair,)) for pair in zip(places[:count], texts[:count], strict=True)]


def mixed(seed: int, placements: Sequence[Placement], count: int) -> list[Placement]:
    """Return placements of several texts at once, made of such as are accepted one by one."""
    chance = random.Random(seed)
    usable = [one for one in placements if not one.alone and _is_plain(one)]
    found: list[Placement] = []
    for _ in range(count if usable else 0):
        chosen = chance.sample(usable, min(len(usable), chance.randint(2, 12)))
        # The same position twice would only be the last of the two.
        found.append(Placement(tuple(dict(one.places[0] for one in chosen).items())))
    return found


def _is_plain(placement: Placement) -> bool:
    """Return whether other texts find their positions when this one is there."""
    return all(POSITIONS[at].name.startswith("value") for at, _ in placement.places)


def check(
    placements: Sequence[Placement], batch: int, *, all_pages: bool = False
) -> list[Placement]:
    """Check placements, and return those that are accepted.

    Args:
        placements: What to try.
        batch: How many that are accepted are emitted and imported together.
        all_pages: Whether all pages of documentation are read, which takes long.

    Raises:
        AssertionError: Something is not as it should be. The message names the placements.
    """
    accepted: list[Placement] = []
    for one in placements:
        try:
            if one.alone:
                if not check_emitted(one.project()):
                    accepted.append(one)
            elif understood(one.project()) is not None:
                accepted.append(one)
        except Exception as error:
            raise AssertionError(f"{one}: {type(error).__name__}: {error}") from error
    together = {str(one): one.project() for one in accepted if not one.alone}
    check_together(together, batch, None if all_pages else PAGES)
    return accepted
