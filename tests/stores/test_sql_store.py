"""The SQL stores keep the law of session stores, on every engine and by every driver."""

from __future__ import annotations

import pytest
from tests.stores.sql_databases import database

from jwtkit.stores.sql import SQLAlchemySessionStore
from jwtkit.testing import AsyncSessionStoreContract, SessionStoreContract


class _Tables:
    """Tables for the class, emptied for each test: to make them takes longer than most tests."""

    engine: str

    @pytest.fixture(scope="class")
    @classmethod
    def tables(cls, request, tmp_path_factory):
        with database(cls.engine, request, tmp_path_factory.mktemp("sessions") / "sessions.db") as made:
            yield made

    @pytest.fixture(autouse=True)
    def empty_tables(self, tables):
        tables.empty()
        self.tables_of_test = tables

    def sever(self, store):
        (getattr(store, "_store", store)).close()


class _Sync(_Tables, SessionStoreContract):
    def make_store(self, clock):
        # One engine for the class: to learn about its server takes an engine longer than most tests.
        tables = self.tables_of_test
        return SQLAlchemySessionStore(tables.engine, prefix=tables.prefix, clock=clock)


class _Async(_Tables, AsyncSessionStoreContract):
    driver: str

    async def make_store(self, clock):
        return self.tables_of_test.async_store(self.driver, clock=clock)


class TestPostgreSQLByPsycopg(_Sync):
    engine = "postgresql"


class TestMariaDBByPyMySQL(_Sync):
    engine = "mariadb"


class TestSQLiteBySqlite3(_Sync):
    engine = "sqlite"


class TestPostgreSQLByAsyncPsycopg(_Async):
    engine, driver = "postgresql", "psycopg"


class TestPostgreSQLByAsyncpg(_Async):
    engine, driver = "postgresql", "asyncpg"


class TestMariaDBByAsyncmy(_Async):
    engine, driver = "mariadb", "asyncmy"


class TestSQLiteByAiosqlite(_Async):
    engine, driver = "sqlite", "aiosqlite"
