"""Clocks are minutes apart, or jump back: no fork, and nobody is logged out."""

from __future__ import annotations

import pytest
from tests.fire.clocks import backward_jumps, clocks_apart, store_clocks_apart


def test_processes_minutes_apart_share_sessions(somewhere):
    tally = clocks_apart(somewhere, rounds=6)
    assert tally.wrong == []
    assert (tally.successors, tally.forks, tally.false_revocations) == (12, 0, 0)


def test_stores_told_wrong_times_fork_nothing(somewhere):
    """A retry may then count as late and end its session; a client that waits is never refused."""
    tally = store_clocks_apart(somewhere, rounds=6)
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations) == (0, 0)


def test_a_clock_may_jump_back(somewhere):
    tally = backward_jumps(somewhere, rounds=25)
    assert tally.wrong == []
    assert (tally.successors, tally.retried, tally.forks, tally.false_revocations) == (25, 25, 0, 0)


@pytest.mark.parametrize("somewhere", ["sqlite"], indirect=True)
def test_a_swap_that_forgets_the_version_is_noticed_between_clocks(somewhere):
    tally = clocks_apart(somewhere, rounds=30, broken="careless")
    assert tally.wrong


@pytest.mark.parametrize("somewhere", ["sqlite"], indirect=True)
def test_a_swap_that_forgets_the_version_is_noticed_between_store_clocks(somewhere):
    tally = store_clocks_apart(somewhere, rounds=30, broken="careless")
    assert tally.wrong


def test_a_clock_that_is_believed_is_noticed(somewhere, monkeypatch):
    """Without the rule that time never goes back in a row, the row goes back."""
    from jwtkit.refresh import decision

    monkeypatch.setattr(decision, "max", lambda first, *_: first, raising=False)
    assert backward_jumps(somewhere, rounds=25).wrong
