"""Session stores: in memory for one process, and in an SQLite file for one machine.

Importing this package loads neither sqlite3 nor asyncio; a store loads what it needs when it is made.
"""

from __future__ import annotations

from jwtkit.stores.memory import AsyncMemorySessionStore, MemorySessionStore
from jwtkit.stores.sqlite import AsyncSQLiteSessionStore, SQLiteSessionStore

__all__ = ["AsyncMemorySessionStore", "AsyncSQLiteSessionStore", "MemorySessionStore", "SQLiteSessionStore"]
