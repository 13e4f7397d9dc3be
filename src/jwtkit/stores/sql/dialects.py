"""What differs from engine to engine: one row each, and nothing else asks which engine it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Executable, Table, literal_column
from sqlalchemy.dialects import mysql, postgresql, sqlite

__all__ = ["DIALECTS", "Combine", "Dialect"]

Combine = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]
"""From what a column holds and what was to be inserted into it, what it is set to."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine says things.

    Attributes:
        engine: Its name, for messages.
        drivers: The drivers it is tested with, by whether they are awaited: ``False`` or ``True``.
        now: SQL of the server's time in milliseconds since the epoch.
        greatest: The function that returns the greatest of its arguments.
        begin: Begins a transaction of more than one statement.
        begin_making: Begins a stretch in which no other process makes tables.
        end_making: Ends it, by whether all went well.
        upsert: Makes an insert that sets one column in place of failing where the key is taken: from the
            table, the values, the column's name and how to combine old and new.
    """

    engine: str
    drivers: Mapping[bool, frozenset[str]]
    now: ColumnElement[int]
    greatest: str
    begin: tuple[str, ...]
    begin_making: tuple[str, ...]
    end_making: Mapping[bool, str]
    upsert: Callable[[Table, Mapping[str, Any], str, Combine], Executable]


def _on_conflict(
    insert: Callable[[Table], postgresql.Insert] | Callable[[Table], sqlite.Insert],
) -> Callable[[Table, Mapping[str, Any], str, Combine], Executable]:
    def upsert(table: Table, values: Mapping[str, Any], column: str, combine: Combine) -> Executable:
        statement = insert(table).values(**values)
        combined = combine(table.c[column], statement.excluded[column])
        return statement.on_conflict_do_update(index_elements=[*table.primary_key], set_={column: combined})

    return upsert


def _on_duplicate_key(table: Table, values: Mapping[str, Any], column: str, combine: Combine) -> Executable:
    statement = mysql.insert(table).values(**values)
    return statement.on_duplicate_key_update({column: combine(table.c[column], statement.inserted[column])})


_POSTGRESQL = Dialect(
    engine="PostgreSQL",
    drivers={False: frozenset({"psycopg"}), True: frozenset({"psycopg", "asyncpg"})},
    # Of the moment it is evaluated, so never before the snapshot of the statement it stands in.
    now=literal_column("CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)", BigInteger),
    greatest="greatest",
    begin=("BEGIN ISOLATION LEVEL READ COMMITTED",),
    # A number nobody else has reason to use, freed with the transaction.
    begin_making=("BEGIN", "SELECT pg_advisory_xact_lock(7668056093426771059)"),
    end_making={True: "COMMIT", False: "ROLLBACK"},
    upsert=_on_conflict(postgresql.insert),
)

_MARIADB = Dialect(
    engine="MariaDB",
    drivers={False: frozenset({"pymysql"}), True: frozenset({"asyncmy"})},
    # Not unix_timestamp(), which reads the session's local time: an hour of that comes twice in autumn.
    now=literal_column("timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) DIV 1000", BigInteger),
    greatest="greatest",
    # Not REPEATABLE READ, its default: every statement shall see what was committed before it.
    begin=("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"),
    # Its CREATE TABLE is no part of a transaction.
    begin_making=("DO get_lock('jwtkit.create_tables', 60)",),
    end_making=dict.fromkeys((True, False), "DO release_lock('jwtkit.create_tables')"),
    upsert=_on_duplicate_key,
)

_SQLITE = Dialect(
    engine="SQLite",
    drivers={False: frozenset({"pysqlite"}), True: frozenset({"aiosqlite"})},
    # unixepoch('subsec') is of SQLite 3.42.
    now=literal_column("CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)", BigInteger),
    greatest="max",
    # The write lock at once: to ask for it after a reading fails busy where somebody wrote in between.
    begin=("BEGIN IMMEDIATE",),
    begin_making=("BEGIN IMMEDIATE",),
    end_making={True: "COMMIT", False: "ROLLBACK"},
    upsert=_on_conflict(sqlite.insert),
)

DIALECTS: Mapping[str, Dialect] = {
    "postgresql": _POSTGRESQL,
    "mariadb": _MARIADB,
    "mysql": _MARIADB,
    "sqlite": _SQLITE,
}
"""By SQLAlchemy's names."""
