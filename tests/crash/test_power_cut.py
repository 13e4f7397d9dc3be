"""What a power cut takes from a Valkey: nothing where every command is synced; elsewhere clients wait."""

from __future__ import annotations

from tests.fire.power import power_cut
from tests.servers.required import skip_where_missing


def cut(mode, *, seconds):
    with skip_where_missing():
        return power_cut(mode, cuts=1, seconds=seconds)


def test_synced_always_nothing_is_lost():
    tally = cut("always", seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 0


def test_never_synced_the_client_waits():
    """What was confirmed is gone; the client is told to try again, not that its grant is invalid."""
    tally = cut("no", seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 1
