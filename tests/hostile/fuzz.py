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
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.hostile.corpus import CORPUS
from tests.hostile.emission import check_together, understood
from tests.hostile.placements import POSITIONS, Placement, check, mixed
from tests.hostile.project import Project
from tests.hostile.specs import projects

_BATCH = 40


def _placements(start: int) -> Iterator[list[Placement]]:
    """Yield all there is, in batches, in an order of its own for each seed."""
    chance = random.Random(start)
    order = list(range(len(POSITIONS) * len(CORPUS)))
    chance.shuffle(order)
    for first in range(0, len(order), _BATCH):
        pairs = (divmod(number, len(CORPUS)) for number in order[first : first + _BATCH])
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
    @given(projects())
    def collect(project: Project) -> None:
        found.append(project)

    collect()
    return found


def _check_specs(found: list[Project]) -> None:
    accepted: list[Project] = []
    for one in found:
        try:
            if understood(one) is not None:
                accepted.append(one)
        except Exception as error:
            raise AssertionError(f"{json.dumps(one.files)}: {error}") from error
    check_together({json.dumps(one.files): one for one in accepted})


@contextmanager
def _told(what: str, failures: list[str]) -> Iterator[None]:
    """Print what fails, and go on."""
    try:
        yield
    except Exception as error:
        print(f"\nFAILED {what}: {type(error).__name__}: {error}\n", flush=True)
        failures.append(what)


def fuzz(seconds: float, start: int) -> int:
    """Try hostile specs for some seconds, and return how many batches failed."""
    end = time.monotonic() + seconds
    failures: list[str] = []
    count = 0
    print(
        f"seed {start}; {len(POSITIONS)} positions, {len(CORPUS)} texts, "
        f"{len(POSITIONS) * len(CORPUS)} placements",
        flush=True,
    )
    for number, placements in enumerate(_placements(start)):
        accepted: list[Placement] = []
        with _told(f"seed {start}, batch {number}", failures):
            accepted += check(placements, _BATCH)
        several = mixed(start + number, accepted, 4)
        with _told(f"seed {start}, mixed batch {number}", failures):
            check(several, _BATCH)
        found = _specs(start + number)
        with _told(f"specs of seed {start + number}", failures):
            _check_specs(found)
        count += len(placements) + len(several) + len(found)
        if time.monotonic() > end:
            break
    print(f"{count} specs, {len(failures)} batches with failures; seed {start}", flush=True)
    return len(failures)


def main() -> int:
    """Run the command line, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--again", help="a placement that was printed")
    given_ = parser.parse_args()
    warnings.simplefilter("ignore")
    if given_.again:
        places = ast.literal_eval(given_.again.removeprefix("Placement(").removesuffix(")"))
        check([Placement(places)], 1)
        print("all is well")
        return 0
    return 1 if fuzz(given_.seconds, given_.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
