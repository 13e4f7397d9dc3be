"""Valkey and Redis as fixtures: servers that all tests of a process share, and servers of one's own.

Most tests run on Valkey; those of what the two might do differently ask for either, and run on both.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.required import skip_where_missing
from tests.servers.valkey import (
    PROGRAMS,
    ValkeyCluster,
    ValkeyServer,
    valkey_cluster,
    valkey_server,
)

__all__ = [
    "cluster_of_either",
    "cluster_of_redis",
    "cluster_of_tests",
    "own_either",
    "own_valkey",
    "program",
    "redis_server",
    "valkey",
    "valkey_or_redis",
]


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server that every test of this process may use, under a prefix of its own."""
    with skip_where_missing(), valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[ValkeyServer]:
    """As `valkey`, of Redis."""
    with skip_where_missing(), valkey_server(program="redis") as server:
        yield server


@pytest.fixture(scope="session")
def cluster_of_tests() -> Iterator[ValkeyCluster]:
    """A cluster that every test of this process may use, under a prefix of its own."""
    with skip_where_missing(), valkey_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def cluster_of_redis() -> Iterator[ValkeyCluster]:
    """As `cluster_of_tests`, of Redis."""
    with skip_where_missing(), valkey_cluster(program="redis") as cluster:
        yield cluster


@pytest.fixture
def own_valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyServer]:
    """A server of the test's own, to be killed or set up as it likes; options by indirect parametrization."""
    with skip_where_missing(), valkey_server(getattr(request, "param", None)) as server:
        yield server


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    """What the tests of either run on, one after the other."""
    return request.param


@pytest.fixture
def valkey_or_redis(request: pytest.FixtureRequest, program: str) -> ValkeyServer:
    """`valkey`, then `redis_server`."""
    return request.getfixturevalue({"valkey": "valkey", "redis": "redis_server"}[program])


@pytest.fixture
def cluster_of_either(request: pytest.FixtureRequest, program: str) -> ValkeyCluster:
    """`cluster_of_tests`, then `cluster_of_redis`."""
    return request.getfixturevalue({"valkey": "cluster_of_tests", "redis": "cluster_of_redis"}[program])


@pytest.fixture
def own_either(request: pytest.FixtureRequest, program: str) -> Iterator[ValkeyServer]:
    """As `own_valkey`, then the same of Redis."""
    with skip_where_missing(), valkey_server(getattr(request, "param", None), program=program) as server:
        yield server
