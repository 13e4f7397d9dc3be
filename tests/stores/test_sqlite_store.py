"""The SQLite stores keep the law of session stores."""

from __future__ import annotations

import pytest

from jwtkit.stores import AsyncSQLiteSessionStore, SQLiteSessionStore
from jwtkit.testing import AsyncSessionStoreContract, SessionStoreContract


class TestSQLiteSessionStore(SessionStoreContract):
    @pytest.fixture(autouse=True)
    def path(self, tmp_path):
        self.path = tmp_path / "sessions.db"

    def make_store(self, clock):
        return SQLiteSessionStore(self.path, clock=clock, synchronous="NORMAL")

    def sever(self, store):
        store.close()


class TestAsyncSQLiteSessionStore(AsyncSessionStoreContract):
    @pytest.fixture(autouse=True)
    def path(self, tmp_path):
        self.path = tmp_path / "sessions.db"

    async def make_store(self, clock):
        return AsyncSQLiteSessionStore(self.path, clock=clock, synchronous="NORMAL")

    def sever(self, store):
        store.close()
