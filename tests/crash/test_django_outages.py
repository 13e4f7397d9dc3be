"""Servers restart, crash and cut connections under Django's store; clients wait and go on."""

from __future__ import annotations

import pytest
from tests.fire.kills import kill_at_every_point
from tests.fire.outages import crash, cut_connections, restart
from tests.fire.places import DJANGO

django = pytest.mark.parametrize("own_place", DJANGO, indirect=True)
CODES = {"store.unavailable", "store.contention"}


@django
def test_a_restart_under_django_logs_nobody_out(own_place):
    tally = restart(own_place.again(), times=2, clients=2)
    assert tally.wrong == []
    assert tally.unavailable > 0
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= CODES


@django
def test_a_crash_under_django_logs_nobody_out(own_place):
    tally = crash(own_place.again(), times=1, clients=2)
    assert tally.wrong == []
    assert tally.unavailable > 0
    assert set(tally.codes) <= CODES


@django
def test_cut_connections_under_django_log_nobody_out(own_place):
    """Those that the store keeps from call to call."""
    tally = cut_connections(own_place.again(), times=6, clients=2)
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations) == (0, 0)
    assert set(tally.codes) <= CODES


@pytest.mark.parametrize("own_place", DJANGO[:1], indirect=True)
def test_a_process_of_django_may_die_at_every_point(own_place):
    tally = kill_at_every_point(own_place.again())
    assert tally.wrong == []
    assert (tally.forks, tally.false_revocations, tally.unavailable) == (0, 0, 0)


@pytest.mark.parametrize("own_place", DJANGO[:1], indirect=True)
@pytest.mark.parametrize("proof", [restart, crash])
def test_an_outage_under_django_taken_for_a_logout_is_noticed(own_place, proof):
    tally = proof(own_place.again(), times=1, clients=2, broken="rash")
    assert tally.false_revocations > 0
    assert any("was refused: refresh.revoked" in what for what in tally.wrong), tally.wrong


@pytest.mark.parametrize("own_place", DJANGO[:1], indirect=True)
def test_a_cut_under_django_taken_for_a_logout_is_noticed(own_place):
    tally = cut_connections(own_place.again(), times=20, clients=4, broken="rash")
    assert tally.false_revocations > 0
