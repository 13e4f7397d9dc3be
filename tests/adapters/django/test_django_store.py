"""The Django stores keep the law of session stores, on every engine."""

from __future__ import annotations

import pytest
from tests.adapters.django.databases import database, empty

from jwtkit.adapters.django import AsyncDjangoSessionStore, DjangoSessionStore
from jwtkit.testing import AsyncSessionStoreContract, SessionStoreContract


class _Tables:
    """A database for the class, emptied for each test: to migrate takes longer than most tests."""

    engine: str

    @pytest.fixture(scope="class")
    @classmethod
    def alias(cls, request, tmp_path_factory):
        with database(cls.engine, request, tmp_path_factory, CONN_MAX_AGE=None) as alias:
            yield alias

    @pytest.fixture(autouse=True)
    def empty_tables(self, alias):
        empty(alias)
        self.alias_of_test = alias

    def sever(self, store):
        getattr(store, "_store", store).close()


class _Sync(_Tables, SessionStoreContract):
    def make_store(self, clock):
        return DjangoSessionStore(self.alias_of_test, clock=clock)


class _Async(_Tables, AsyncSessionStoreContract):
    async def make_store(self, clock):
        return AsyncDjangoSessionStore(self.alias_of_test, clock=clock)


class TestDjangoOnPostgreSQL(_Sync):
    engine = "postgresql"


class TestDjangoOnMariaDB(_Sync):
    engine = "mariadb"


class TestDjangoOnSQLite(_Sync):
    engine = "sqlite"


class TestAsyncDjangoOnPostgreSQL(_Async):
    engine = "postgresql"


class TestAsyncDjangoOnMariaDB(_Async):
    engine = "mariadb"


class TestAsyncDjangoOnSQLite(_Async):
    engine = "sqlite"
