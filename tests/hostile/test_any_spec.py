"""Whatever a spec is, it is emitted, proven, imported and means what it says, or it is refused with a place.

Hypothesis makes one spec at a time, which is read and understood at once. Those that are accepted are
emitted and imported together, as versions of one API: one by one that would take too long.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.hostile.project import Project
from tests.hostile.running import check_together, culprits, understood
from tests.hostile.specs import broken, documents, projects

# Together with the placements of `test_positions.py`, the large ones are more than 2,000.
_USUAL, _LARGE = 15, 600
_TOGETHER = 40
_KINDS = {"valid": documents(), "broken in one place": broken(documents())}


@pytest.mark.parametrize("kind", list(_KINDS))
@pytest.mark.parametrize("examples", [_USUAL, pytest.param(_LARGE, marks=pytest.mark.large)])
def test_any_spec(examples: int, kind: str) -> None:
    accepted: list[Project] = []

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(projects(st.deferred(lambda: _KINDS[kind])))
    def understand(project: Project) -> None:
        if understood(project).api is not None:
            accepted.append(project)

    understand()
    assert kind != "valid" or len(accepted) > examples // 3
    for start in range(0, len(accepted), _TOGETHER):
        batch = accepted[start : start + _TOGETHER]
        try:
            check_together(batch)
        except Exception as error:
            raise AssertionError([one.files for one in culprits(batch)]) from error
