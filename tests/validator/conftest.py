"""Every scenario is played by the sync and by the async validator."""

from __future__ import annotations

import pytest
from tests.validator.faces import Async, Sync


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Sync:
    made: Sync = request.param()
    return made
