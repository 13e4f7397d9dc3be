"""What the engines' own error codes mean for a session store; for whatever asks an engine by SQL.

Nothing here needs SQLAlchemy: Django's store reads the same drivers' errors.
"""

from __future__ import annotations

from typing import Any

from jwtkit.errors import ContentionError, JWTKitError, StoreUnavailableError
from jwtkit.stores.failures import duplicate

__all__ = ["NO_SCHEMA", "NO_TABLE", "UNDONE", "code_of", "failure_of"]

UNDONE = frozenset(
    {
        *("40001", "40P01"),  # PostgreSQL: serialization failure, deadlock
        *("1213", "1020"),  # MariaDB: deadlock, record changed since it was read
        "SQLITE_LOCKED",  # another connection of this process, which SQLite does not wait for
    }
)
"""The transaction was undone whole, and may do better now."""

_TIMEOUT = frozenset({"55P03", "1205", "SQLITE_BUSY"})
"""Undone as well, after a wait as long as the settings allow."""

_CONTENTION = UNDONE | _TIMEOUT

_DUPLICATE = frozenset({"23505", "1062", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"})

NO_TABLE = frozenset(
    {
        *("42P01", "42703", "3F000"),  # PostgreSQL: no such table, column, schema
        *("1146", "1054"),  # MariaDB: no such table, column
        *("no such table", "no such column"),  # SQLite, which has one code for both
    }
)

NO_SCHEMA = frozenset({"1049", "unknown database"})
"""MariaDB and SQLite, where a schema is a database."""

_TOLD_BY_TEXT = NO_TABLE | NO_SCHEMA


def code_of(error: Exception) -> str:
    """Return the engine's own code of a driver's error, or else the name of its type."""
    arguments = getattr(error, "args", ())
    if arguments and isinstance(arguments[0], int) and not isinstance(error, OSError):
        return str(arguments[0])  # PyMySQL, asyncmy and mysqlclient; where they have a SQLSTATE, it says less
    state: Any = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        return str(state)  # psycopg and asyncpg; psycopg2
    name = str(getattr(error, "sqlite_errorname", ""))
    if name == "SQLITE_ERROR":
        return next((code for code in _TOLD_BY_TEXT if str(error).startswith(code)), name)
    if name:
        # An extended code such as SQLITE_BUSY_SNAPSHOT says more than is needed.
        return next((code for code in _CONTENTION if name.startswith(code)), name)
    return type(error).__name__


def failure_of(code: str, *, no_table: frozenset[str], hint: str) -> JWTKitError:
    """Return what to raise for a code; its text names the code, never a value.

    Args:
        code: See `code_of`.
        no_table: The codes that say the tables are missing.
        hint: How they are made.
    """
    if code in _CONTENTION:
        return ContentionError("other writers kept the session's row busy; nothing was written, try again")
    if code in _DUPLICATE:
        return duplicate()
    if code in no_table:
        return StoreUnavailableError(
            f"the tables of the session store are missing or of another version ({code})",
            code="store.tables",
            hint=hint,
        )
    return StoreUnavailableError(f"the session database could not answer ({code})")
