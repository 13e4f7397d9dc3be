"""The databases of the Django store's tests: an alias in the settings, with the app's tables migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import pytest
from django.core.management import call_command
from django.db import connections
from tests.adapters.django.project import add_database, remove_database

from jwtkit.adapters.django.models import Denial, Epoch, Family

ENGINES = ("postgresql", "mariadb", "sqlite")


@contextmanager
def database(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory, *, app: str = "jwtkit", **more: object
) -> Iterator[str]:
    """Give the alias of a database of one's own with the tables of an app, and drop it afterwards."""
    alias = name = f"django_{token_hex(6)}"
    drop = "DROP DATABASE {} WITH (FORCE)" if engine == "postgresql" else "DROP DATABASE {}"
    server = None
    if engine == "sqlite":
        add_database(alias, "sqlite3", NAME=tmp_path_factory.mktemp("sessions") / "sessions.db", **more)
    elif engine == "postgresql":
        server = request.getfixturevalue("postgres_server")
        server.execute(f"CREATE DATABASE {name}")
        add_database(alias, "postgresql", NAME=name, USER="postgres", HOST=str(server.folder), **more)
    else:
        server = request.getfixturevalue("mariadb_server")
        server.execute(f"CREATE DATABASE {name}")
        add_database(alias, "mysql", NAME=name, USER="root", HOST=str(server.socket), **more)
    try:
        call_command("migrate", app, database=alias, verbosity=0)
        yield alias
    finally:
        remove_database(alias)
        if server is not None:
            server.execute(drop.format(name))


def empty(alias: str) -> None:
    """Remove every row of the store's."""
    for model in (Family, Epoch, Denial):
        model.objects.using(alias).all().delete()
    connections[alias].close()
