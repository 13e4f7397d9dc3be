"""What a crash takes from a server, by its setting: nothing with the safe one; elsewhere clients wait."""

from __future__ import annotations

import pytest
from tests.fire.losses import SETTINGS, losses_when_killed
from tests.fire.power import power_cut, undo
from tests.servers.required import skip_where_missing


@pytest.mark.parametrize("engine", ["postgresql", "valkey"])
def test_synced_before_it_is_confirmed_nothing_is_lost(engine):
    with skip_where_missing():
        tally = power_cut(engine, SETTINGS[engine][0], cuts=1, seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 0


@pytest.mark.parametrize(("engine", "setting"), [("mariadb", "2"), ("valkey", "no")])
def test_synced_later_the_client_waits(engine, setting):
    """What was confirmed is gone; the client is told to try again, not that its grant is invalid."""
    with skip_where_missing():
        # Twice, as the server may sync at that very moment.
        tally = power_cut(engine, setting, cuts=2, seconds=0.4)
    assert tally.wrong == []
    assert tally.unavailable > 0


@pytest.mark.parametrize("own_place", ["postgresql", "mariadb"], indirect=True)
def test_kept_in_the_memory_of_a_server_that_is_killed_the_client_waits(own_place):
    """With ``synchronous_commit`` off, and ``innodb_flush_log_at_trx_commit`` 0."""
    tally = losses_when_killed(own_place.again(), SETTINGS[own_place.name][-1], times=3, seconds=0.3)
    assert tally.wrong == []
    assert tally.unavailable > 0


@pytest.mark.parametrize("own_place", ["mariadb"], indirect=True)
def test_handed_to_the_system_a_server_that_is_killed_loses_nothing(own_place):
    tally = losses_when_killed(own_place.again(), "2", times=1, seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 0


def test_a_loss_that_was_not_allowed_is_noticed(monkeypatch):
    monkeypatch.setattr("tests.fire.power._SYNCED", {("valkey", "no")})
    with skip_where_missing():
        tally = power_cut("valkey", "no", cuts=1, seconds=0.3)
    assert [what.partition(" ")[2] for what in tally.wrong] == ["confirmed rotations were lost"]


def test_what_was_not_synced_is_undone(tmp_path):
    """Back to front, to the byte and to the length; what was written before a sync began stays."""
    file, journal = tmp_path / "log", tmp_path / "journal"
    file.write_bytes(b"aXYdef")
    name = str(file).encode()
    records = [
        b"W 0 1 3 %s\nz" % name,  # synced below: the a stays
        b"S 9 0 3 %s\n" % name,
        b"W 1 2 3 %s\nbc" % name,
        b"W 3 0 3 %s\n" % name,
        b"W 0 1 1 %s\nq" % (name + b"-gone"),
    ]
    journal.write_bytes(b"".join(records))
    undo(journal)
    assert (file.read_bytes(), journal.read_bytes()) == (b"abc", b"")
