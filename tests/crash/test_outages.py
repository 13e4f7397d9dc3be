"""Servers stop and start, cut connections and undo statements under load; clients wait and go on."""

from __future__ import annotations

import pytest
from tests.fire.conflicts import deadlocks, serializable, undone_swaps
from tests.fire.outages import cut_connections, restart

STOPPABLE = pytest.mark.parametrize("own_place", ["sqlite", "postgresql", "mariadb", "valkey"], indirect=True)
SERVERS = pytest.mark.parametrize("own_place", ["postgresql", "mariadb", "valkey"], indirect=True)
DATABASES = pytest.mark.parametrize("own_place", ["postgresql", "mariadb"], indirect=True)


@STOPPABLE
def test_a_restart_logs_nobody_out(own_place):
    """Only `StoreUnavailableError` and `ContentionError` while it is down; everybody gets through again."""
    tally = restart(own_place.again(), times=2, clients=2)
    assert tally.wrong == []
    assert tally.unavailable > 0
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.unavailable", "store.contention"}


@SERVERS
def test_cut_connections_log_nobody_out(own_place):
    tally = cut_connections(own_place.again(), times=6, clients=2)
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.unavailable", "store.contention"}


@DATABASES
def test_undone_swaps_log_nobody_out(own_place):
    """Deadlocks and serialization failures at the commit, with the next third of the swaps."""
    tally = undone_swaps(own_place.again(), seconds=0.5, clients=2)
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.contention"}


@DATABASES
def test_deadlocks_are_survived(own_place):
    tally = deadlocks(own_place.again(), seconds=0.6, clients=1)
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.contention"}


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_serialization_failures_are_survived(own_place):
    """Those PostgreSQL makes by itself, where every transaction is serializable."""
    tally = serializable(own_place.again(), rounds=2, callers=8)
    assert tally.wrong == []
    assert (tally.successors, tally.forks, tally.false_revocations) == (2, 0, 0)


@pytest.mark.parametrize("own_place", ["sqlite", "valkey"], indirect=True)
def test_an_outage_taken_for_a_logout_is_noticed(own_place):
    tally = restart(own_place.again(), times=1, clients=2, broken="rash")
    assert tally.false_revocations > 0
    assert any("was refused: refresh.revoked" in what for what in tally.wrong), tally.wrong


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_an_undone_swap_taken_for_a_logout_is_noticed(own_place):
    tally = undone_swaps(own_place.again(), seconds=1.0, clients=2, broken="rash")
    assert tally.false_revocations > 0


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_a_cut_taken_for_a_logout_is_noticed(own_place):
    tally = cut_connections(own_place.again(), times=20, clients=4, broken="rash")
    assert tally.false_revocations > 0


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_a_deadlock_taken_for_a_logout_is_noticed(own_place):
    tally = deadlocks(own_place.again(), seconds=3.0, clients=1, broken="rash")
    assert any("a logout of a subject was answered" in what for what in tally.wrong), tally.wrong


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_a_swap_that_forgets_the_version_is_noticed_where_all_is_serializable(own_place):
    tally = serializable(own_place.again(), rounds=3, callers=8, broken="careless")
    assert any("no single register" in what for what in tally.wrong), tally.wrong
