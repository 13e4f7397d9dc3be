"""Many hold the same refresh token and use it at once: one successor, on every engine and by every means."""

from __future__ import annotations

import pytest
from tests.fire.race import KINDS, race_inside_the_window, race_without_a_window

CALLERS = {"processes": 8, "threads": 24, "asyncio": 24}

kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_one_successor_and_nobody_logged_out(anywhere, kind):
    """Whoever gets a pair gets the very same refresh token; nobody is told that the grant is invalid."""
    tally = race_inside_the_window(anywhere, kind, rounds=3, callers=CALLERS[kind])
    assert tally.wrong == []
    assert (tally.rounds, tally.successors, tally.forks, tally.false_revocations) == (3, 3, 0, 0)
    assert tally.successors + tally.retried + tally.unavailable == 3 * CALLERS[kind]
    # Everybody's read, and the winner's swap.
    assert tally.judged >= 3 * (CALLERS[kind] + 1)


def test_one_successor_while_grants_are_looked_up(somewhere):
    """All have read before the first has written."""
    tally = race_inside_the_window(somewhere, "processes", rounds=2, callers=8, grant_takes=0.02)
    assert tally.wrong == []
    assert (tally.successors, tally.forks, tally.false_revocations) == (2, 0, 0)


@kinds
def test_without_a_retry_window_one_wins(anywhere, kind):
    """Who lost the swap comes again; who came after it ends this session, and no other."""
    tally = race_without_a_window(anywhere, kind, rounds=2, callers=CALLERS[kind])
    assert tally.wrong == []
    assert (tally.rounds, tally.successors, tally.forks, tally.false_revocations) == (2, 2, 0, 0)


@pytest.mark.parametrize("kind", ["processes", "asyncio"])
def test_a_swap_that_forgets_the_version_is_noticed(somewhere, kind):
    """By the successors handed out, and by the judge of histories alone."""
    tally = race_inside_the_window(
        somewhere, kind, rounds=1, callers=CALLERS[kind], broken="careless", grant_takes=0.05
    )
    assert tally.forks > 0
    assert any("different successors" in what for what in tally.wrong), tally.wrong
    assert any("no single register" in what for what in tally.wrong), tally.wrong


def test_a_swap_that_forgets_the_version_is_noticed_without_a_window(somewhere):
    tally = race_without_a_window(somewhere, "processes", rounds=5, callers=8, broken="careless")
    assert tally.wrong
