"""Django, set up before anything of the app is imported, and closed when the tests are done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from tests.adapters.django.project import set_up

set_up()


@pytest.fixture(scope="session", autouse=True)
def close_connections() -> Iterator[None]:
    """Close what this thread opened: an open file at the end of a run is a warning, and so a failure."""
    yield
    connections.close_all()
