"""Places as pytest fixtures: on the servers that all tests share, and on servers of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.fire.crew import Crew, crew_of_all
from tests.fire.places import ENGINES, Place, place
from tests.servers.lease import ServerMissingError
from tests.servers.valkey import ValkeyMissingError

__all__ = ["anywhere", "crew", "own_place", "somewhere"]

_SHARED = {
    "postgresql": "postgres_server",
    "mariadb": "mariadb_server",
    "valkey": "valkey",
    "valkey-cluster": "cluster_of_tests",
}


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """Processes for hire: one that all of them are forked from."""
    with crew_of_all() as crew:
        yield crew


@pytest.fixture(params=ENGINES)
def anywhere(request: pytest.FixtureRequest, crew: Crew) -> Iterator[Place]:
    """A place on each engine, where only clients are harmed."""
    yield from _shared_place(request, crew)


@pytest.fixture(params=["sqlite", "postgresql", "valkey"])
def somewhere(request: pytest.FixtureRequest, crew: Crew) -> Iterator[Place]:
    """As `anywhere`, on an engine of each family."""
    yield from _shared_place(request, crew)


def _shared_place(request: pytest.FixtureRequest, crew: Crew) -> Iterator[Place]:
    fixture = _SHARED.get(request.param)
    server = None if fixture is None else request.getfixturevalue(fixture)
    with place(request.param, server) as made:
        made.crew = crew
        yield made


@pytest.fixture(scope="module")
def own_place(request: pytest.FixtureRequest, crew: Crew) -> Iterator[Place]:
    """A place on a server of its own, by indirect parametrization; take it ``again()`` for every proof."""
    options = {"busy": 0.05} if request.param == "sqlite" else {}
    made = place(request.param, **options)
    try:
        running = made.__enter__()
    except (ServerMissingError, ValkeyMissingError) as error:
        if os.environ.get("JWTKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    running.crew = crew
    yield running
    made.__exit__(None, None, None)
