"""Everything that can happen to a session, within bounds, breaks no rule (`tests.model.rules`)."""

from __future__ import annotations

import pytest
from tests.model.explore import explore
from tests.model.judge import Judge
from tests.model.scopes import SCOPES, chosen
from tests.model.symbols import real_levels, symbolic_levels
from tests.model.world import Scope, World


@pytest.mark.parametrize("name", SCOPES)
def test_no_order_of_events_breaks_a_rule(name: str) -> None:
    scope, fewest = chosen(name)
    found = explore(World(scope, Judge(symbolic_levels())))
    print(f"{name}: {found.states:,} states, {found.steps:,} steps")
    assert not found.trace, found.trace
    assert found.states >= fewest, "the exploration has shrunk: see tests/model/scopes.py"


@pytest.mark.parametrize(
    "scope",
    [Scope(calls=2, thefts=1, ticks=1, unknowns=1), Scope(calls=2, deploys=2, ticks=1, revokes=1)],
    ids=["a thief and an unknown write", "a new rotation secret"],
)
def test_real_macs_lead_to_the_very_same_states(scope: Scope) -> None:
    """So the symbolic keys of the larger explorations leave nothing out that the real ones can do."""
    symbolic = explore(World(scope, Judge(symbolic_levels())))
    real = explore(World(scope, Judge(real_levels())))
    assert not real.trace, real.trace
    assert (real.states, real.steps) == (symbolic.states, symbolic.steps)
    assert real.states >= 1_000
