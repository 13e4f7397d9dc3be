"""The engine of a SQL session store: made from a URL, or the caller's own, and checked before it is used."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from jwtkit.errors import ConfigurationError
from jwtkit.forks import guard_forks
from jwtkit.stores.sql.dialects import DIALECTS, Dialect

__all__ = ["AUTOCOMMIT", "async_engine_of", "dialect_of", "engine_of"]

AUTOCOMMIT = "AUTOCOMMIT"

_EXTRAS = {
    "psycopg": "postgresql",
    "asyncpg": "postgresql-async",
    "pymysql": "mariadb",
    "asyncmy": "mariadb-async",
    "aiosqlite": "sqlite-async",
    "greenlet": "sql",
}
"""Which extra brings a module."""

_OPTIONS: dict[str, Any] = {
    # Every statement is a transaction of its own, decided once for a connection and not once for a call; with
    # nothing begun there is nothing to roll back when a connection is given back, which is a round trip.
    "isolation_level": AUTOCOMMIT,
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
    # Rows stay out of error messages and logs.
    "hide_parameters": True,
    # A service that finds no free connection for so long is overloaded, and had better say so.
    "pool_timeout": 10,
}


def engine_of(engine: Engine | URL | str) -> tuple[Engine, bool]:
    """Return the engine to use, and whether it is the store's own.

    Raises:
        ConfigurationError: ``store.engine``: it is not one, or not one of those that are supported.
    """
    if isinstance(engine, AsyncEngine):
        raise _refused("this engine is awaited", "use AsyncSQLAlchemySessionStore, or create_engine()")
    if isinstance(engine, Engine):
        dialect_of(engine, awaited=False)
        return engine, False
    made = _made(create_engine, _url_of(engine, awaited=False))
    guard_forks(made, after_in_child=_leave_to_parent)
    return made, True


def async_engine_of(engine: AsyncEngine | URL | str) -> tuple[AsyncEngine, bool]:
    """Return the async engine to use, and whether it is the store's own.

    Raises:
        ConfigurationError: ``store.engine``: it is not one, or not one of those that are supported.
    """
    if isinstance(engine, Engine):
        raise _refused("this engine blocks", "use SQLAlchemySessionStore, or create_async_engine()")
    if isinstance(engine, AsyncEngine):
        dialect_of(engine.sync_engine, awaited=True)
        return engine, False
    return _made(create_async_engine, _url_of(engine, awaited=True)), True


def dialect_of(engine: Engine, *, awaited: bool) -> Dialect:
    """Return the ways of an engine.

    Raises:
        ConfigurationError: ``store.engine``: the engine or its driver is not supported, or it is in memory.
    """
    return _supported(engine.dialect.name, engine.dialect.driver, engine.url.database, awaited=awaited)


def _url_of(text: URL | str, *, awaited: bool) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError, TypeError, AttributeError):
        # Without the cause, which may quote a password.
        raise _refused(
            "expected an SQLAlchemy engine or URL", "such as postgresql+psycopg://user@host/database"
        ) from None
    try:
        driver = url.get_driver_name()
    except NoSuchModuleError:
        driver = ""
    _supported(url.get_backend_name(), driver, url.database, awaited=awaited)
    return url


def _supported(backend: str, driver: str, database: str | None, *, awaited: bool) -> Dialect:
    dialect = DIALECTS.get(backend)
    if dialect is None or driver not in dialect.drivers[awaited]:
        choices = sorted(
            f"{name}+{known}"
            for name, row in DIALECTS.items()
            if name != "mysql"
            for known in row.drivers[awaited]
        )
        raise _refused(
            f"this engine or driver is not supported {'async' if awaited else 'sync'}",
            f"use {', '.join(choices)}",
        )
    if dialect.engine == "SQLite" and database in (None, "", ":memory:"):
        raise _refused(
            "sessions in SQLite's memory would be one connection's own", "use MemorySessionStore()"
        )
    return dialect


def _made(create: Any, url: URL) -> Any:
    try:
        return create(url, **_OPTIONS)
    except ImportError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0], "sql")
        raise ConfigurationError(
            f"the driver {url.get_driver_name()} cannot be imported",
            code="store.extra",
            hint=f"pip install 'jwtkit[{extra}]'",
        ) from error
    except (ArgumentError, TypeError, ValueError):
        raise _refused(
            "the URL has options that its driver does not take", "see SQLAlchemy's page on it"
        ) from None


def _leave_to_parent(engine: Engine) -> None:
    """Have a forked child open connections of its own."""
    # The others are left open: to close them would say goodbye on behalf of the parent.
    engine.dispose(close=False)


def _refused(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError(message, code="store.engine", hint=hint)
