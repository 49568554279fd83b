"""Hostile specs for as long as it is told: `make fuzz SECONDS=600`.

Every text of the corpus in every position, in an order that a seed gives, mixtures of them, and whole
specs by Hypothesis. What fails is printed with what does it again, and the run goes on; at the end it
leaves with 1 if anything failed.

    python -m tests.hostile.fuzz --seconds 600 --seed 7
    python -m tests.hostile.fuzz --again 'Placement(((12, 34),))'
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.hostile.placing import POSITIONS, TEXTS, Placement, check, mixed
from tests.hostile.project import Project
from tests.hostile.running import check_together, culprits, understood
from tests.hostile.specs import broken, documents, projects

_BATCH = 40


def _placements(start: int) -> Iterator[list[Placement]]:
    """Yield all there is, in batches, in an order of its own for each seed."""
    chance = random.Random(start)  # noqa: S311
    order = list(range(len(POSITIONS) * len(TEXTS)))
    chance.shuffle(order)
    for first in range(0, len(order), _BATCH):
        pairs = (divmod(number, len(TEXTS)) for number in order[first : first + _BATCH])
        yield [Placement((pair,)) for pair in pairs]


def _specs(start: int) -> list[Project]:
    found: list[Project] = []

    @seed(start)
    @settings(
        max_examples=_BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(projects(st.one_of(documents(), broken(documents()))))
    def collect(project: Project) -> None:
        found.append(project)

    collect()
    return found


def _check_specs(found: list[Project]) -> None:
    accepted: list[Project] = []
    for one in found:
        try:
            if understood(one).api is not None:
                accepted.append(one)
        except Exception as error:
            raise AssertionError(f"{json.dumps(one.files)}: {error}") from error
    try:
        check_together(accepted)
    except Exception as error:
        told = json.dumps([one.files for one in culprits(accepted)])
        raise AssertionError(f"{told}: {error}") from error


def _check_into(placements: list[Placement], accepted: list[Placement]) -> None:
    accepted += check(placements, _BATCH)


def _tried(what: str, run: Callable[[], object]) -> bool:
    try:
        run()
    except Exception as error:
        print(f"\nFAILED {what}: {type(error).__name__}: {error}\n", flush=True)
        return False
    return True


def fuzz(seconds: float, start: int) -> int:
    """Try hostile specs for some seconds, and return how many batches failed."""
    end = time.monotonic() + seconds
    failures = count = 0
    print(
        f"seed {start}; {len(POSITIONS)} positions, {len(TEXTS)} texts, "
        f"{len(POSITIONS) * len(TEXTS)} placements",
        flush=True,
    )
    for number, placements in enumerate(_placements(start)):
        accepted: list[Placement] = []
        failures += not _tried(
            f"seed {start}, batch {number}", partial(_check_into, placements, accepted)
        )
        several = mixed(start + number, accepted, 4)
        failures += not _tried(
            f"seed {start}, mixed batch {number}", partial(check, several, _BATCH)
        )
        found = _specs(start + number)
        failures += not _tried(f"specs of seed {start + number}", partial(_check_specs, found))
        count += len(placements) + len(several) + len(found)
        if time.monotonic() > end:
            break
    print(f"{count} specs, {failures} batches with failures; seed {start}", flush=True)
    return failures


def _again(text: str) -> Placement:
    places = ast.literal_eval(text.removeprefix("Placement(").removesuffix(")"))
    return Placement(places)


def main() -> int:
    """Run the command line, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--again", help="a placement that was printed")
    given_ = parser.parse_args()
    warnings.simplefilter("ignore")
    if given_.again:
        check([_again(given_.again)], 1)
        print("all is well")
        return 0
    return 1 if fuzz(given_.seconds, given_.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
