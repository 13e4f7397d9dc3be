"""What a test needs and this machine does not have: the test is skipped, or fails where it must not be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.servers.lease import ServerMissingError

__all__ = ["skip_where_missing"]


@contextmanager
def skip_where_missing() -> Iterator[None]:
    """Skip on `ServerMissingError`, or fail under ``JWTKIT_REQUIRE_SERVERS=1``."""
    try:
        yield
    except ServerMissingError as error:
        if os.environ.get("JWTKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
