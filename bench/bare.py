"""The yardstick of a rotation: one row read and swapped through the engine's driver, by hand.

In SQL that is two statements, each a transaction of its own, on one connection and one cursor::

    SELECT <every column> FROM <table> WHERE <key> = ?
    UPDATE <table> SET <what a rotation changes> WHERE <key> = ? AND version = ?

of the very row a rotation left behind, in the store's own table. On Valkey it is GET and a script of one
line, ``if GET(key) == old then SET(key, new)``, of a value as long as the store's. What comes back is not
looked at, but that the swap happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

from bench.engines import Place
from jwtkit.stores.rows import CHANGING, COLUMNS

__all__ = ["ReadAndSwap", "bare_narrow_row", "bare_row", "connected"]

ReadAndSwap = Callable[[], Awaitable[None]]

_NARROW = ("version", "content")


class Connection(Protocol):
    """What there is to a driver; a sync one never waits inside."""

    mark: str

    async def row(self, statement: str, *values: object) -> Sequence[Any] | None: ...

    async def change(self, statement: str, *values: object) -> int: ...


@asynccontextmanager
async def bare_row(place: Place, session_id: str) -> AsyncIterator[ReadAndSwap]:
    """Read and swap the row of a session that was rotated once, as the store keeps it."""
    if place.engine.server == "valkey":
        async with _valkey(place, session_id) as read_and_swap:
            yield read_and_swap
        return
    async with connected(place) as connection:
        if place.engine.server == "file":
            table, key_name, key = "families", "session_id", session_id
        else:
            table, key_name = f"{place.prefix}families", "session_key"
            found = await connection.row(
                f"SELECT session_key FROM {table} WHERE session_id = {_mark(connection, 1)}", session_id
            )
            assert found is not None
            key = found[0]
        yield await _swapping(connection, table, key_name, key, COLUMNS, (*CHANGING, "over_at"))


@asynccontextmanager
async def bare_narrow_row(place: Place, session_id: str, size: int) -> AsyncIterator[ReadAndSwap]:
    """Read and swap a row of three columns, a key, a version and one opaque text, in a table of its own."""
    kind = {"file": "BLOB", "postgres": "bytea", "mariadb": "BLOB"}[place.engine.server]
    key_kind = {"mariadb": "BINARY(16)"}.get(place.engine.server, kind)
    table = f"{place.prefix}narrow"
    async with connected(place) as connection:
        await connection.change(
            f"CREATE TABLE IF NOT EXISTS {table}"
            f" (id {key_kind} NOT NULL PRIMARY KEY, version BIGINT NOT NULL, content {kind} NOT NULL)"
        )
        key = session_id.encode()[:16]
        marks = ", ".join(_mark(connection, number) for number in (1, 2, 3))
        await connection.change(f"INSERT INTO {table} VALUES ({marks})", key, 1, bytes(size))
        yield await _swapping(connection, table, "id", key, _NARROW, _NARROW)


@asynccontextmanager
async def connected(place: Place) -> AsyncIterator[Connection]:
    """Open a connection whose every statement is committed by itself, as the store's are."""
    server, driver = place.engine.server, place.engine.driver
    if server == "file":
        import sqlite3

        with closing(
            sqlite3.connect(place.address, isolation_level=None, timeout=30, check_same_thread=False)
        ) as opened:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute(f"PRAGMA synchronous = {'FULL' if place.engine.waits else 'NORMAL'}")
            yield _Cursor(opened.cursor(), "?")
        return
    from sqlalchemy import make_url

    url = make_url(place.address)
    if driver == "psycopg":
        import psycopg

        with psycopg.connect(
            host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
        ) as session:
            yield _Cursor(session.cursor(), "%s")
    elif driver == "pymysql":
        import pymysql

        with closing(
            pymysql.connect(
                unix_socket=url.query["unix_socket"],
                user=url.username,
                database=url.database,
                autocommit=True,
            )
        ) as mariadb:
            yield _Cursor(mariadb.cursor(), "%s")
    else:
        import asyncpg

        asynchronous = await asyncpg.connect(host=url.query["host"], user=url.username, database=url.database)
        try:
            yield _Asyncpg(asynchronous)
        finally:
            await asynchronous.close()


class _Cursor:
    def __init__(self, cursor: Any, mark: str) -> None:
        self._cursor = cursor
        self.mark = mark

    async def row(self, statement: str, *values: object) -> Sequence[Any] | None:
        self._cursor.execute(statement, values)
        found: Sequence[Any] | None = self._cursor.fetchone()
        return found

    async def change(self, statement: str, *values: object) -> int:
        self._cursor.execute(statement, values)
        changed: int = self._cursor.rowcount
        return changed


class _Asyncpg:
    mark = "$"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def row(self, statement: str, *values: object) -> Sequence[Any] | None:
        found: Sequence[Any] | None = await self._connection.fetchrow(statement, *values)
        return found

    async def change(self, statement: str, *values: object) -> int:
        said = await self._connection.execute(statement, *values)
        return int(said.rpartition(" ")[2]) if said[-1:].isdigit() else 0


def _mark(connection: Connection, number: int) -> str:
    return f"${number}" if connection.mark == "$" else connection.mark


async def _swapping(
    connection: Connection,
    table: str,
    key_name: str,
    key: object,
    columns: Sequence[str],
    changing: Sequence[str],
) -> ReadAndSwap:
    marks = [_mark(connection, number) for number in range(1, len(changing) + 3)]
    sets = ", ".join(f"{name} = {mark}" for name, mark in zip(changing, marks, strict=False))
    read = f"SELECT {', '.join(columns)} FROM {table} WHERE {key_name} = {marks[0]}"
    swap = f"UPDATE {table} SET {sets} WHERE {key_name} = {marks[-2]} AND version = {marks[-1]}"
    row = await connection.row(
        f"SELECT {', '.join(changing)} FROM {table} WHERE {key_name} = {marks[0]}", key
    )
    assert row is not None
    place = changing.index("version")
    version = int(row[place])
    # Both rows are made beforehand; they differ in their version.
    versions = (version, version + 1)
    rows = [(*row[:place], each, *row[place + 1 :]) for each in versions]
    now = 0

    async def read_and_swap() -> None:
        nonlocal now
        await connection.row(read, key)
        assert await connection.change(swap, *rows[1 - now], key, versions[now]) == 1
        now = 1 - now

    return read_and_swap


_SWAP = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0"
)


@asynccontextmanager
async def _valkey(place: Place, session_id: str) -> AsyncIterator[ReadAndSwap]:
    import redis
    import redis.asyncio

    awaited = place.engine.awaited
    client: Any = (redis.asyncio.Redis if awaited else redis.Redis)(unix_socket_path=place.address)

    async def got(answer: Any) -> Any:
        return await answer if awaited else answer

    key = f"{place.prefix}bare:{{{session_id}}}"
    row = await got(client.get(f"{place.prefix}{{{session_id}}}"))
    rows = (row, row[:-1] + b"~")
    sha = await got(client.script_load(_SWAP))
    await got(client.set(key, rows[0]))
    now = 0

    async def read_and_swap() -> None:
        nonlocal now
        if awaited:
            await client.get(key)
            swapped = await client.evalsha(sha, 1, key, rows[now], rows[1 - now])
        else:
            client.get(key)
            swapped = client.evalsha(sha, 1, key, rows[now], rows[1 - now])
        assert swapped == 1
        now = 1 - now

    try:
        yield read_and_swap
    finally:
        await got(client.aclose() if awaited else client.close())
