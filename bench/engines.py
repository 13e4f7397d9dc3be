"""The engines whose session stores are measured: where each is, and how a store over it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["ASYNCHRONOUS_COMMIT", "DURABLE", "ENGINES", "Engine", "Place", "opened_store"]

ASYNCHRONOUS_COMMIT = "no wait"


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine by one driver.

    Attributes:
        name: How tables call it.
        server: What it runs in.
        driver: SQLAlchemy's name of the driver, or redis-py.
        awaited: Whether the driver is awaited.
        waits: Whether a commit waits for the disk (Valkey never does: see `bench.servers`).
    """

    name: str
    server: Literal["file", "postgres", "mariadb", "valkey"]
    driver: str
    awaited: bool = False
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine keeps the sessions of one run; text only, so that a process can be sent it.

    Attributes:
        engine: The engine.
        address: A path, an SQLAlchemy URL, or the path of a socket.
        prefix: What the names of tables or keys begin with.
    """

    engine: Engine
    address: str
    prefix: str


DURABLE = (
    Engine("SQLite", "file", "sqlite3"),
    Engine("PostgreSQL, psycopg", "postgres", "psycopg"),
    Engine("PostgreSQL, asyncpg", "postgres", "asyncpg", awaited=True),
    Engine("MariaDB, pymysql", "mariadb", "pymysql"),
    Engine("Valkey", "valkey", "redis-py"),
    Engine("Valkey, asyncio", "valkey", "redis-py", awaited=True),
)
"""As one runs them: what was answered is on the disk, on Valkey within a second."""

ENGINES = (
    *DURABLE,
    Engine(f"SQLite, {ASYNCHRONOUS_COMMIT}", "file", "sqlite3", waits=False),
    Engine(f"PostgreSQL, psycopg, {ASYNCHRONOUS_COMMIT}", "postgres", "psycopg", waits=False),
    Engine(f"PostgreSQL, asyncpg, {ASYNCHRONOUS_COMMIT}", "postgres", "asyncpg", awaited=True, waits=False),
)
"""And with commits that do not wait for the disk, so that it hides nothing."""


@asynccontextmanager
async def opened_store(place: Place) -> AsyncIterator[Any]:
    """Open a store as its documentation has it, sync or async as the engine is; its tables are made."""
    engine = place.engine
    if engine.server == "file":
        from jwtkit.stores import SQLiteSessionStore

        with SQLiteSessionStore(place.address, synchronous="FULL" if engine.waits else "NORMAL") as store:
            yield store
    elif engine.server == "valkey":
        from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore

        url = f"unix://{place.address}"
        if engine.awaited:
            async with AsyncRedisSessionStore(url, prefix=place.prefix) as store:
                yield store
        else:
            with RedisSessionStore(url, prefix=place.prefix) as store:
                yield store
    else:
        from jwtkit.stores.sql import AsyncSQLAlchemySessionStore, SQLAlchemySessionStore

        if engine.awaited:
            async with AsyncSQLAlchemySessionStore(place.address, prefix=place.prefix) as store:
                await store.create_tables()
                yield store
        else:
            with SQLAlchemySessionStore(place.address, prefix=place.prefix) as store:
                store.create_tables()
                yield store
