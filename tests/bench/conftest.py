"""A pace at which nothing takes long: these tests ask whether the harness is right, never how fast."""

from __future__ import annotations

import pytest
from bench.interleave import Pace


@pytest.fixture
def pace() -> Pace:
    return Pace("test", rounds=3, batch=1e-5, slow_rounds=1)
