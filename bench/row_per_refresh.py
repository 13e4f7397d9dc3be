"""The other design: a table of refresh tokens, a row for each one ever given out.

As tutorials have it: a random token whose hash is looked up; the row found is marked as used, and the
successor's is inserted, in one transaction. The access token is signed by the same issuer as jwtkit's, so
that only the storage differs. It does less than a rotation does: a response that was lost logs its user out,
and a token whose row was purged is not known to be a replay.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from time import time
from typing import Any

from bench.bare import Connection, connected
from bench.engines import Place

__all__ = ["Tokens"]

_LIFETIME = 14 * 86_400


class Tokens:
    """Refresh tokens in a table, a row each, by a driver alone.

    Args:
        connection: A connection that commits every statement but in a transaction.
        place: Where it leads.
        issue: Signs an access token.
    """

    def __init__(self, connection: Connection, place: Place, issue: Callable[[], Awaitable[None]]) -> None:
        self._connection = connection
        self._issue = issue
        self._is_file = place.engine.server == "file"
        self._table = f"{place.prefix}refresh_tokens"
        mark = connection.mark
        lock = "" if self._is_file else " FOR UPDATE"
        self._begin = "BEGIN IMMEDIATE" if self._is_file else "BEGIN"
        self._find = (
            "SELECT id, family_id, user_id, client_id, scopes, expires_at, used_at, revoked_at"
            f" FROM {self._table} WHERE token_hash = {mark}{lock}"
        )
        self._mark = f"UPDATE {self._table} SET used_at = {mark} WHERE id = {mark}"
        self._insert = (
            f"INSERT INTO {self._table}"
            " (family_id, user_id, client_id, scopes, token_hash, parent_id, issued_at, expires_at)"
            f" VALUES ({', '.join([mark] * 8)})"
        )

    @classmethod
    @asynccontextmanager
    async def opened(cls, place: Place, issue: Callable[[], Awaitable[None]]) -> AsyncIterator[Tokens]:
        """Connect and make the table."""
        async with connected(place) as connection:
            tokens = cls(connection, place, issue)
            await tokens._make()
            yield tokens

    async def start(self, user_id: str, client_id: str, scopes: str) -> str:
        """Begin a family; return its first token."""
        token = secrets.token_urlsafe(32)
        now = int(time())
        family = secrets.token_hex(16)
        await self._connection.change(
            self._insert, family, user_id, client_id, scopes, _hash(token), None, now, now + _LIFETIME
        )
        return token

    async def refresh(self, token: str) -> str:
        """Trade a token for the next."""
        connection = self._connection
        await connection.change(self._begin)
        try:
            row = await connection.row(self._find, _hash(token))
            now = int(time())
            assert row is not None
            number, family, user, client, scopes, expires_at, used_at, revoked_at = row
            assert used_at is None
            assert revoked_at is None
            assert expires_at > now
            successor = secrets.token_urlsafe(32)
            await self._issue()
            await connection.change(self._mark, now, number)
            await connection.change(
                self._insert, family, user, client, scopes, _hash(successor), number, now, now + _LIFETIME
            )
            await connection.change("COMMIT")
        except BaseException:
            await connection.change("ROLLBACK")
            raise
        return successor

    async def rotation(self, *who: str) -> Callable[[], Awaitable[None]]:
        """Return what trades the newest token of one family for the next."""
        newest = await self.start(*who)

        async def rotate() -> None:
            nonlocal newest
            newest = await self.refresh(newest)

        return rotate

    async def room(self) -> tuple[int, int]:
        """Return how many rows there are, and the bytes of table and indexes."""
        rows = await self._one(f"SELECT count(*) FROM {self._table}")
        return rows, await bytes_of(self._connection, self._table, is_file=self._is_file)

    async def _make(self) -> None:
        number = "INTEGER PRIMARY KEY" if self._is_file else "bigserial PRIMARY KEY"
        binary = "BLOB" if self._is_file else "bytea"
        for statement in (
            f"""CREATE TABLE {self._table} (
                id {number}, family_id text NOT NULL, user_id text NOT NULL, client_id text NOT NULL,
                scopes text NOT NULL, token_hash {binary} NOT NULL UNIQUE, parent_id bigint,
                issued_at bigint NOT NULL, expires_at bigint NOT NULL, used_at bigint, revoked_at bigint)""",
            f"CREATE INDEX {self._table}_by_family ON {self._table} (family_id)",
            f"CREATE INDEX {self._table}_by_user ON {self._table} (user_id)",
            f"CREATE INDEX {self._table}_by_expiry ON {self._table} (expires_at)",
        ):
            await self._connection.change(statement)

    async def _one(self, statement: str) -> int:
        row = await self._connection.row(statement)
        assert row is not None
        return int(row[0])


async def bytes_of(connection: Connection, table: str, *, is_file: bool) -> int:
    """Return the bytes of a table and its indexes; of a file, all of it."""
    if not is_file:
        row = await connection.row(f"SELECT pg_total_relation_size('{table}')")
        assert row is not None
        return int(row[0])
    sizes: list[Any] = [await connection.row(f"PRAGMA {name}") for name in ("page_count", "page_size")]
    return int(sizes[0][0] * sizes[1][0])


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
