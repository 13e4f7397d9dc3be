"""Processes are killed while they refresh; their clients go on, on every engine."""

from __future__ import annotations

import pytest
from tests.fire.failpoints import POINTS
from tests.fire.kills import kill_at_every_point, kill_at_random


def test_a_process_may_die_at_every_point(anywhere):
    """Before and after the read, the swap and the answer: the old token or the new one leads on."""
    tally = kill_at_every_point(anywhere)
    assert tally.wrong == []
    assert tally.rounds == 2 * len(POINTS)
    assert (tally.forks, tally.false_revocations, tally.unavailable) == (0, 0, 0)
    # Who dies right before or after the swap does not see its answer: the judge allows for both.
    assert tally.unknown == 4


def test_a_process_may_die_at_any_moment(somewhere):
    tally = kill_at_random(somewhere, kills=10)
    assert tally.wrong == []
    assert (tally.rounds, tally.forks, tally.false_revocations, tally.unavailable) == (10, 0, 0, 0)
    assert tally.judged > 0


def test_a_store_that_answers_before_it_has_written_is_noticed(somewhere):
    """What a client was given is gone with the process."""
    tally = kill_at_every_point(somewhere, broken="late")
    assert any("after answer: the client is answered store.behind" in what for what in tally.wrong), (
        tally.wrong
    )


@pytest.mark.parametrize("somewhere", ["sqlite", "valkey"], indirect=True)
def test_a_store_that_answers_before_it_has_written_is_noticed_at_random(somewhere):
    tally = kill_at_random(somewhere, kills=30, broken="late")
    assert tally.wrong
