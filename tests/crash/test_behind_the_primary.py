"""Reads that lag, failovers that lose the last writes, and restored backups: clients wait, nothing forks."""

from __future__ import annotations

import pytest
from tests.fire.backup import restored_backup
from tests.fire.behind import failover_with_loss, lagging_reads, replica_reads
from tests.fire.replicas import postgres_replica

from jwtkit.refresh import decision

POSTGRESQL = pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)


def test_lagging_reads_make_clients_wait(somewhere):
    """503 while the read is behind; then the newest token goes on, and the one before leads to it."""
    tally = lagging_reads(somewhere, rounds=3)
    assert tally.wrong == []
    assert (tally.unavailable, tally.successors, tally.retried, tally.forks) == (6, 9, 3, 0)


def test_a_swap_that_trusts_a_lagging_read_is_noticed(somewhere):
    tally = lagging_reads(somewhere, rounds=1, broken="careless")
    assert tally.forks == 1
    assert tally.wrong == ["round 0: the newest and the one before were answered ['store.behind', '']"]


def test_a_restored_backup_revives_nothing(anywhere):
    """Who went on since waits for the lag and logs in again; who did not goes on."""
    tally = restored_backup(anywhere)
    assert tally.wrong == []
    assert (tally.unavailable, tally.ended) == (3, 2)


def test_a_restored_session_that_does_not_end_is_noticed(somewhere):
    tally = restored_backup(somewhere, broken="merciful")
    assert "superseded: answered a pair, not refresh.revoked" in tally.wrong


@pytest.fixture
def primary(own_place):
    """A place whose server runs again afterwards."""
    yield own_place.again()
    own_place.start()


@POSTGRESQL
def test_a_replica_that_lags_and_is_promoted(own_place, primary):
    """PostgreSQL's own: reads from it wait for it; promoted without the last commits, it forks nothing."""
    with postgres_replica(own_place.server, delay=0.3) as replica:
        replica.catch_up()
        reads = replica_reads(primary, replica.spec_like(primary.spec), rounds=3)
        assert reads.wrong == []
        assert reads.unavailable > 0
        primary = own_place.again()
        lost = failover_with_loss(primary, replica, sessions=4)
        assert lost.wrong == []
        assert (lost.unavailable, lost.ended) == (2, 2)


@POSTGRESQL
def test_a_rotation_that_does_not_wait_for_the_primary_is_noticed(own_place, primary, monkeypatch):
    """Without rules 2 and 10 a replica's lag is a logout, and so is a failover."""
    monkeypatch.setattr(decision, "_ahead_of_the_store", lambda *_: None)
    with postgres_replica(own_place.server, delay=0.3) as replica:
        replica.catch_up()
        reads = replica_reads(primary, replica.spec_like(primary.spec), rounds=1)
        assert reads.false_revocations == 1
        lost = failover_with_loss(own_place.again(), replica, sessions=2)
        assert lost.wrong[0] == "session 0: answered refresh.revoked right after the failover"
