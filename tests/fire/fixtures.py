"""Places as pytest fixtures: on the servers that all tests share, and on servers of one's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fire.crew import Crew, crew_of_all
from tests.fire.places import ENGINES, Place, place
from tests.servers.required import skip_where_missing

__all__ = ["anywhere", "crew", "own_place", "somewhere"]

_SHARED = {
    "postgresql": "postgres_server",
    "mariadb": "mariadb_server",
    "django-postgresql": "postgres_server",
    "django-mariadb": "mariadb_server",
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
    with skip_where_missing(), place(request.param, **options) as made:
        made.crew = crew
        yield made
