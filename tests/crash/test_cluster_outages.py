"""A primary of a Valkey cluster goes under load, with its slots or without; clients wait and go on."""

from __future__ import annotations

import pytest
from tests.fire.cluster import primary_lost, primary_restarts
from tests.servers.required import skip_where_missing

from jwtkit.refresh import decision

CLUSTER = pytest.mark.parametrize("own_place", ["valkey-cluster"], indirect=True)


@CLUSTER
@pytest.mark.parametrize("missed", [False, True], ids=["restarted", "missed"])
def test_a_primary_that_restarts_logs_nobody_out(own_place, missed):
    """Also where the others take it for lost, and serve no slot until it is back."""
    tally = primary_restarts(own_place.again(), times=1, missed=missed, clients=3)
    assert tally.wrong == []
    assert tally.unavailable > 0
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= {"store.unavailable", "store.contention"}


@CLUSTER
def test_a_primary_away_taken_for_a_logout_is_noticed(own_place):
    tally = primary_restarts(own_place.again(), times=1, missed=False, clients=3, broken="rash")
    assert tally.false_revocations > 0
    assert any("was refused: refresh.revoked" in what for what in tally.wrong), tally.wrong


def test_a_primary_whose_slots_were_given_away_revives_nothing():
    """Its sessions wait for the lag and log in again, the others go on; its old rows are served no more."""
    with skip_where_missing():
        tally = primary_lost(sessions=24)
    assert tally.wrong == []
    assert tally.unavailable + tally.successors == 24
    assert tally.ended == tally.unavailable > 0


def test_a_rotation_that_does_not_wait_is_noticed_by_a_lost_primary(monkeypatch):
    monkeypatch.setattr(decision, "_ahead_of_the_store", lambda *_: None)
    with skip_where_missing():
        tally = primary_lost(sessions=24)
    assert tally.false_revocations > 0
    assert any("answered refresh.invalid without the primary" in what for what in tally.wrong), tally.wrong
