"""The Valkey of the tests as fixtures: a server and a cluster for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.required import skip_where_missing
from tests.servers.valkey import ValkeyCluster, ValkeyServer, valkey_cluster, valkey_server

__all__ = ["cluster_of_tests", "own_valkey", "valkey"]


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server that every test of this process may use, under a prefix of its own."""
    with skip_where_missing(), valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def cluster_of_tests() -> Iterator[ValkeyCluster]:
    """A cluster that every test of this process may use, under a prefix of its own."""
    with skip_where_missing(), valkey_cluster() as cluster:
        yield cluster


@pytest.fixture
def own_valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyServer]:
    """A server of the test's own, to be killed or set up as it likes; options by indirect parametrization."""
    with skip_where_missing(), valkey_server(getattr(request, "param", None)) as server:
        yield server
