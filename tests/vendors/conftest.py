"""Each project is generated once in a run, and each test has services of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest

from tests.conftest import Once
from tests.vendors.crm_service import CrmService
from tests.vendors.profiles_service import ProfilesService
from tests.vendors.project import Project, generate
from tests.vendors.service import running
from tests.vendors.vectors_service import VectorsService


@pytest.fixture(scope="session")
def project(once: Once) -> Iterator[Callable[[str], Project]]:
    """Gives projects by their name."""
    with pytest.MonkeyPatch.context() as patch:

        @cache
        def generated(name: str) -> Project:
            project = Project(name, once(f"vendor-{name}", partial(generate, name)))
            patch.syspath_prepend(str(project.output))
            return project

        yield generated


@pytest.fixture
def vectors() -> Iterator[VectorsService]:
    with running(VectorsService) as service:
        yield service


@pytest.fixture
def crm() -> Iterator[CrmService]:
    with running(CrmService) as service:
        yield service


@pytest.fixture
def profiles() -> Iterator[ProfilesService]:
    with running(ProfilesService) as service:
        yield service
