"""The Valkey of the tests as fixtures: a server and a cluster for each process that runs tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest
from tests.servers.valkey import (
    ValkeyCluster,
    ValkeyMissingError,
    ValkeyServer,
    valkey_cluster,
    valkey_server,
)

__all__ = ["cluster_of_tests", "own_valkey", "valkey"]

_S = TypeVar("_S")


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server that every test of this process may use, under a prefix of its own."""
    yield from _running(valkey_server())


@pytest.fixture(scope="session")
def cluster_of_tests() -> Iterator[ValkeyCluster]:
    """A cluster that every test of this process may use, under a prefix of its own."""
    yield from _running(valkey_cluster())


@pytest.fixture
def own_valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyServer]:
    """A server of the test's own, to be killed or set up as it likes; options by indirect parametrization."""
    yield from _running(valkey_server(getattr(request, "param", None)))


def _running(server: AbstractContextManager[_S]) -> Iterator[_S]:
    """Yield the server; skip where it cannot be had, or fail under ``JWTKIT_REQUIRE_SERVERS=1``."""
    try:
        running = server.__enter__()
    except ValkeyMissingError as error:
        if os.environ.get("JWTKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    try:
        yield running
    finally:
        server.__exit__(None, None, None)
