"""The databases of the SQL stores' tests: an engine, and tables in it that nobody else uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import Engine, Table, create_engine

from jwtkit.stores.sql import AsyncSQLAlchemySessionStore, SQLAlchemySessionStore, metadata

DRIVERS = {"postgresql": "psycopg", "mariadb": "pymysql", "sqlite": "pysqlite"}
ASYNC_DRIVERS = {"postgresql": ("psycopg", "asyncpg"), "mariadb": ("asyncmy",), "sqlite": ("aiosqlite",)}

ENGINES = pytest.mark.parametrize("engine_name", DRIVERS)
"""Runs a test on every engine, by its sync driver."""

ASYNC_ENGINES = pytest.mark.parametrize(
    ("engine_name", "driver"),
    [(name, driver) for name, drivers in ASYNC_DRIVERS.items() for driver in drivers],
)
"""Runs a test on every engine, by each async driver."""


class Database:
    """Tables of one's own.

    Attributes:
        name: The engine's name.
        server: The running server, or None for a file.
        prefix: What the names of the tables begin with.
    """

    def __init__(self, name: str, server, path: Path) -> None:
        self.name = name
        self.server = server
        self.prefix = f"t{token_hex(6)}_"
        self._path = path

    def url(self, driver: str | None = None) -> str:
        if self.server is None:
            return f"sqlite+{driver or 'pysqlite'}:///{self._path}"
        return self.server.url(driver or DRIVERS[self.name])

    @cached_property
    def engine(self) -> Engine:
        """An engine for looking on, and for stores that share one."""
        return create_engine(self.url(), isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)

    def store(self, **options) -> SQLAlchemySessionStore:
        return SQLAlchemySessionStore(self.url(), prefix=self.prefix, **options)

    def async_store(self, driver: str | None = None, **options) -> AsyncSQLAlchemySessionStore:
        driver = driver or ASYNC_DRIVERS[self.name][0]
        return AsyncSQLAlchemySessionStore(self.url(driver), prefix=self.prefix, **options)

    def create_tables(self) -> None:
        with self.store() as store:
            store.create_tables()

    def empty(self) -> None:
        with self.engine.connect() as connection:
            for table in self.tables:
                connection.execute(table.delete())

    def rows(self, statement: str) -> list[tuple]:
        """Run a statement in which ``{p}`` stands for the prefix."""
        with self.engine.connect() as connection:
            result = connection.exec_driver_sql(statement.replace("{p}", self.prefix))
            return [tuple(row) for row in result] if result.returns_rows else []

    @cached_property
    def tables(self) -> list[Table]:
        return metadata(prefix=self.prefix).sorted_tables

    @property
    def tables_by_name(self) -> dict[str, Table]:
        """The tables by their names without the prefix."""
        return {table.name.removeprefix(self.prefix): table for table in self.tables}

    def close(self) -> None:
        metadata(prefix=self.prefix).drop_all(self.engine)
        self.engine.dispose()


@contextmanager
def database(name: str, request: pytest.FixtureRequest, path: Path) -> Iterator[Database]:
    """Give tables of one's own in the engine of that name, and drop them afterwards."""
    fixture = {"postgresql": "postgres_server", "mariadb": "mariadb_server"}.get(name)
    server = None if fixture is None else request.getfixturevalue(fixture)
    made = Database(name, server, path)
    made.create_tables()
    yield made
    made.close()
