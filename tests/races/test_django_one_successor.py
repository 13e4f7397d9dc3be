"""The race of `test_one_successor` on Django's connections: the sync store and the async one."""

from __future__ import annotations

import pytest
from tests.fire.places import DJANGO
from tests.fire.race import KINDS, race_inside_the_window, race_without_a_window

django = pytest.mark.parametrize("anywhere", DJANGO, indirect=True)


@django
@pytest.mark.parametrize(("kind", "callers"), [("processes", 8), ("threads", 64), ("asyncio", 64)])
def test_one_successor_and_nobody_logged_out_by_django(anywhere, kind, callers):
    tally = race_inside_the_window(anywhere, kind, rounds=3, callers=callers)
    assert tally.wrong == []
    assert (tally.rounds, tally.successors, tally.forks, tally.false_revocations) == (3, 3, 0, 0)
    assert tally.successors + tally.retried + tally.unavailable == 3 * callers
    assert tally.judged >= 3 * (callers + 1)


@pytest.mark.parametrize("anywhere", DJANGO[:1], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_retry_window_one_wins_by_django(anywhere, kind):
    tally = race_without_a_window(anywhere, kind, rounds=2, callers=8)
    assert tally.wrong == []
    assert (tally.rounds, tally.successors, tally.forks, tally.false_revocations) == (2, 2, 0, 0)


@django
@pytest.mark.parametrize("kind", ["processes", "asyncio"])
def test_a_swap_of_django_that_forgets_the_version_is_noticed(anywhere, kind):
    tally = race_inside_the_window(anywhere, kind, rounds=1, callers=8, broken="careless", grant_takes=0.05)
    assert tally.forks > 0
    assert any("no single register" in what for what in tally.wrong), tally.wrong
