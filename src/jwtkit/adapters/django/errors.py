"""Every error of Django, a driver or the network as one of ours. Texts name its code, never a value."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from jwtkit.errors import ConfigurationError, ContentionError, JWTKitError, StoreUnavailableError

__all__ = ["at_run_time", "is_worth_repeating"]

_UNDONE = frozenset(
    {
        *("40001", "40P01"),  # PostgreSQL: serialization failure, deadlock
        *("1213", "1020"),  # MariaDB: deadlock, record changed since it was read
        "SQLITE_LOCKED",  # another connection of this process, which SQLite does not wait for
    }
)
"""The transaction was undone whole, and may do better now."""

_TIMEOUT = frozenset({"55P03", "1205", "SQLITE_BUSY"})
"""Undone as well, after a wait as long as the settings allow."""

_CONTENTION = _UNDONE | _TIMEOUT

_DUPLICATE = frozenset({"23505", "1062", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"})

_NO_TABLE = frozenset(
    {
        *("42P01", "42703", "3F000"),  # PostgreSQL: no such table, column, schema
        *("1146", "1054"),  # MariaDB: no such table, column
        *("no such table", "no such column"),  # SQLite, which has one code for both
    }
)


def at_run_time(error: Exception) -> JWTKitError:
    """Return what to raise when a call failed."""
    if isinstance(error, JWTKitError):
        return error
    if isinstance(error, SynchronousOnlyOperation):
        return ConfigurationError(
            "DjangoSessionStore blocks and was called in an event loop",
            code="store.async",
            hint="use AsyncDjangoSessionStore with AsyncRefreshRotator",
        )
    if isinstance(error, ImproperlyConfigured):
        return ConfigurationError(f"Django's database settings cannot be used: {error}", code="store.engine")
    code = _code_of(error)
    if code in _CONTENTION:
        return ContentionError("other writers kept the session's row busy; nothing was written, try again")
    if code in _DUPLICATE:
        return StoreUnavailableError("a session of this id exists already", code="store.duplicate")
    if code in _NO_TABLE:
        return StoreUnavailableError(
            f"the tables of the session store are missing or of another version ({code})",
            code="store.tables",
            hint='put "jwtkit.adapters.django" into INSTALLED_APPS and run: manage.py migrate jwtkit',
        )
    return StoreUnavailableError(f"the session database could not answer ({code})")


def is_worth_repeating(error: Exception) -> bool:
    """Say whether nothing was written and the same may succeed at once."""
    return _code_of(error) in _UNDONE


def _code_of(error: Exception) -> str:
    """Return the engine's own code of the error, or else the name of its type."""
    original: Any = error.__cause__ or error
    arguments = getattr(original, "args", ())
    if arguments and isinstance(arguments[0], int) and not isinstance(original, OSError):
        return str(arguments[0])  # mysqlclient, and PyMySQL, whose errors have a vaguer SQLSTATE as well
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)  # psycopg, psycopg2
    if state:
        return str(state)
    name = str(getattr(original, "sqlite_errorname", ""))
    if name == "SQLITE_ERROR":
        return next((code for code in _NO_TABLE if str(original).startswith(code)), name)
    if name:
        # An extended code such as SQLITE_BUSY_SNAPSHOT says more than is needed.
        return next((code for code in _CONTENTION if name.startswith(code)), name)
    return type(original).__name__
