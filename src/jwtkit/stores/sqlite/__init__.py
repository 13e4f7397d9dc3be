"""The session store in an SQLite file, by the standard library's sqlite3, loaded when a store is made."""

from __future__ import annotations

from jwtkit.stores.sqlite.store import AsyncSQLiteSessionStore, SQLiteSessionStore

__all__ = ["AsyncSQLiteSessionStore", "SQLiteSessionStore"]
