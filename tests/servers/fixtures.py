"""The servers as pytest fixtures: one of each kind for a whole run, its workers included."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest
from tests.servers import mariadb, postgres
from tests.servers.required import skip_where_missing

__all__ = ["mariadb_server", "postgres_server", "server_of_this_run", "sockets_left_open"]

_S = TypeVar("_S")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.PostgreSQL]:
    """The PostgreSQL of this run; take tables, or a database, of your own in it."""
    yield from server_of_this_run(postgres.shared, tmp_path_factory)


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.MariaDB]:
    """The MariaDB of this run; take tables, or a database, of your own in it."""
    yield from server_of_this_run(mariadb.shared, tmp_path_factory)


def server_of_this_run(
    shared: Callable[[Path], AbstractContextManager[_S]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_S]:
    """Yield the server that all processes of this run share."""
    run_folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run_folder = run_folder.parent
    with skip_where_missing(), shared(run_folder) as running:
        yield running


@pytest.fixture
def sockets_left_open() -> Iterator[None]:
    """For a test that cuts connections: a driver may leave a socket to the garbage collector, in silence.

    redis-py and PyMySQL do where one is cut while it is being set up. Without this the warning of it would
    fail whichever test comes next.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
