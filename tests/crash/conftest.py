"""The places where the proofs are tried."""

from __future__ import annotations

import pytest
from tests.fire.fixtures import anywhere, crew, own_place, somewhere

__all__ = ["anywhere", "crew", "own_place", "somewhere"]


@pytest.fixture(autouse=True)
def _cut(sockets_left_open):
    """Servers and connections end here in whatever a driver does."""
