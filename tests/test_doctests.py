"""The examples in docstrings, of the generator and of the part of clients that does not vary."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import package
import pytest
import upsertgen


def modules() -> Iterator[str]:
    for parent in (upsertgen, package):
        for module in pkgutil.walk_packages(parent.__path__, f"{parent.__name__}."):
            # Importing the one that starts the command line would start it.
            if not module.name.endswith("__main__") and ".templates" not in module.name:
                yield module.name


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings_hold(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for name in modules()
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert found
