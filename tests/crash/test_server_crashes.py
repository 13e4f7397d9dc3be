"""Servers are killed in the middle of their work; clients wait and go on, and what was confirmed is there."""

from __future__ import annotations

import pytest
from tests.fire.outages import crash

SERVERS = pytest.mark.parametrize("own_place", ["postgresql", "mariadb", "valkey"], indirect=True)


@SERVERS
def test_a_crash_logs_nobody_out(own_place):
    """Only `StoreUnavailableError` and `ContentionError` meanwhile; nothing that was confirmed is gone."""
    if own_place.name == "valkey":
        own_place.configure("appendfsync", "always")
    tally = crash(own_place.again(), times=2, clients=2)
    assert tally.wrong == []
    assert tally.unavailable > 0
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.unavailable", "store.contention"}


@pytest.mark.parametrize("own_place", ["postgresql", "valkey"], indirect=True)
def test_a_crash_taken_for_a_logout_is_noticed(own_place):
    tally = crash(own_place.again(), times=1, clients=2, broken="rash")
    assert tally.false_revocations > 0
    assert any("was refused: refresh.revoked" in what for what in tally.wrong), tally.wrong


@pytest.mark.parametrize("own_place", ["postgresql"], indirect=True)
def test_a_server_that_confirms_before_it_has_written_is_noticed(own_place):
    """Clients are ahead of their rows: they are told to wait, which is right, and the proof fails."""
    place = own_place.again()
    place.execute("ALTER ROLE postgres SET synchronous_commit = off")
    try:
        # More than once, as the server may write at that very moment.
        tally = crash(place, times=3, up=0.3, clients=4, patience=1.0)
    finally:
        place.execute("ALTER ROLE postgres RESET synchronous_commit")
    assert tally.false_revocations == 0
    assert any("was told ['store.behind']" in what for what in tally.wrong), tally.wrong
