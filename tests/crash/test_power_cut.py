"""What a power cut takes from a Valkey: nothing where every command is synced; elsewhere clients wait."""

from __future__ import annotations

import os

import pytest
from tests.fire.power import NoCompilerError, power_cut
from tests.servers.valkey import ValkeyMissingError


def cut(mode, *, seconds):
    try:
        return power_cut(mode, cuts=1, seconds=seconds)
    except (NoCompilerError, ValkeyMissingError) as error:
        if os.environ.get("JWTKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def test_synced_always_nothing_is_lost():
    tally = cut("always", seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 0


def test_never_synced_the_client_waits():
    """What was confirmed is gone; the client is told to try again, not that its grant is invalid."""
    tally = cut("no", seconds=0.5)
    assert tally.wrong == []
    assert tally.unavailable == 1
