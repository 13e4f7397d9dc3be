"""Open the session store that a URL names, so that a service takes it from one setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.protocols import AsyncSecretRegistry, AsyncSessionStore, SecretRegistry, SessionStore
from jwtkit.stores.sqlite import AsyncSQLiteSessionStore, SQLiteSessionStore

__all__ = ["OpenedAsyncStore", "OpenedStore", "open_async_store", "open_store"]

_DRIVERS: Final = {
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg"),
    "postgresql+asyncpg": ("postgresql+psycopg", "postgresql+asyncpg"),
    "postgresql+psycopg": ("postgresql+psycopg", "postgresql+psycopg"),
    "mariadb": ("mariadb+pymysql", "mariadb+asyncmy"),
    "mariadb+asyncmy": ("mariadb+pymysql", "mariadb+asyncmy"),
    "mariadb+pymysql": ("mariadb+pymysql", "mariadb+asyncmy"),
}
"""What to call for a sync and for an async store, so that one setting serves both."""

_REDIS: Final = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
}
"""Valkey has schemes of its own, which redis-py does not know."""

_CLUSTER: Final = "+cluster"


class OpenedStore(SessionStore, SecretRegistry, Protocol):
    """A session store that lasts, with its connections."""

    def close(self) -> None:
        """Give the connections back."""


class OpenedAsyncStore(AsyncSessionStore, AsyncSecretRegistry, Protocol):
    """As `OpenedStore`, awaited."""

    async def aclose(self) -> None:
        """Give the connections back."""


def open_store(
    url: str, *, create_tables: bool = False, clock: Callable[[], float] | None = None
) -> OpenedStore:
    """Open a session store.

    ==================================================  ========================================
    ``sessions.db``, ``sqlite:///sessions.db``          `SQLiteSessionStore`
    ``postgresql://…``, ``mariadb://…``                 `jwtkit.stores.sql.SQLAlchemySessionStore`
    ``redis://…``, ``rediss://…``, ``unix://…``,        `jwtkit.stores.redis.RedisSessionStore`;
    ``valkey://…``, ``valkeys://…``                     of a cluster with ``+cluster`` after the scheme
    ==================================================  ========================================

    ``sqlite:////var/lib/sessions.db``, with four strokes, is an absolute path, as in SQLAlchemy.

    Args:
        url: The URL, or the path of an SQLite file. A driver named in it is one of SQLAlchemy's; left out,
            it is the one that the extras of jwtkit install.
        create_tables: Make the tables in a SQL database where they are missing. An SQLite file and the keys
            of a Redis are always made.
        clock: The store's time; None for the server's own.

    Raises:
        ConfigurationError: ``store.url``: there is no store for such a URL, and it is not repeated; or what
            the store's own constructor raises.
        StoreUnavailableError: The store had to be reached, and was not.
    """
    scheme, rest = _split(url)
    if scheme in ("", "sqlite"):
        return SQLiteSessionStore(_path(scheme, rest), clock=clock)
    if scheme in _DRIVERS:
        from jwtkit.stores.sql import SQLAlchemySessionStore

        store = SQLAlchemySessionStore(f"{_DRIVERS[scheme][0]}://{rest}", clock=clock)
        if create_tables:
            try:
                store.create_tables()
            except BaseException:
                store.close()
                raise
        return store
    plain, cluster = _redis(scheme)
    from jwtkit.stores.redis import RedisSessionStore

    return RedisSessionStore(f"{plain}://{rest}", clock=clock, cluster=cluster)


def open_async_store(url: str, *, clock: Callable[[], float] | None = None) -> OpenedAsyncStore:
    """Open the async twin of the store that `open_store` opens for the same URL; it makes no tables.

    Raises:
        ConfigurationError: See `open_store`.
    """
    scheme, rest = _split(url)
    if scheme in ("", "sqlite"):
        return AsyncSQLiteSessionStore(_path(scheme, rest), clock=clock)
    if scheme in _DRIVERS:
        from jwtkit.stores.sql import AsyncSQLAlchemySessionStore

        return AsyncSQLAlchemySessionStore(f"{_DRIVERS[scheme][1]}://{rest}", clock=clock)
    plain, cluster = _redis(scheme)
    from jwtkit.stores.redis import AsyncRedisSessionStore

    return AsyncRedisSessionStore(f"{plain}://{rest}", clock=clock, cluster=cluster)


def _split(url: str) -> tuple[str, str]:
    if not isinstance(url, str) or not url.strip():
        raise _refused("expected the URL of a session store, or the path of an SQLite file")
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "", url
    # Not a path, whatever stands before the strokes: a password may stand behind them.
    return scheme.lower() or "?", rest


def _path(scheme: str, rest: str) -> str:
    if not scheme:
        return rest
    # sqlite:///path: no host, and nothing after the path that would be lost without a word.
    if not rest.startswith("/") or len(rest) == 1 or "?" in rest or "#" in rest:
        raise _refused("expected sqlite:/// and the path of a file")
    return rest[1:]


def _redis(scheme: str) -> tuple[str, bool]:
    plain = _REDIS.get(scheme.removesuffix(_CLUSTER))
    if plain is None:
        # The URL is not repeated: it may hold a password.
        raise _refused("there is no session store for a URL of this scheme")
    return plain, scheme.endswith(_CLUSTER)


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError(
        message,
        code="store.url",
        hint="such as sqlite:///sessions.db, postgresql://user@host/name, mariadb://user@host/name "
        "or redis://host:6379/0",
    )
