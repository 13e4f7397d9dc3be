"""Opens the session store that a text names, so that any process can be told where the sessions are.

memory:
sqlite:/path/to/file?busy=5
django:postgresql?name=database&host=/socket&user=user          (and mysql)
postgresql+psycopg://user@/database?host=/socket#prefix_        (and mariadb+pymysql, sqlite+pysqlite)
redis+unix:/path/to/socket#prefix:
redis+cluster://host:port#prefix:
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

__all__ = ["MODULES", "open_async_store", "open_store"]

_SQL = ("jwtkit.stores.sql.engines", "jwtkit.stores.sql.sessions", "jwtkit.stores.sql.statements")
_REDIS = ("jwtkit.stores.redis", "redis.asyncio", "redis.asyncio.cluster", "redis.asyncio.retry")

MODULES = {
    "memory": (),
    "sqlite": ("jwtkit.stores.sqlite.schema", "sqlite3"),
    "sqlite+pysqlite": (*_SQL, "sqlalchemy.dialects.sqlite.aiosqlite", "aiosqlite"),
    "postgresql+psycopg": (
        *_SQL,
        *("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.postgresql.asyncpg"),
        *("psycopg", "psycopg.types.hstore", "asyncpg"),
    ),
    "mariadb+pymysql": (
        *_SQL,
        *("sqlalchemy.dialects.mysql.pymysql", "sqlalchemy.dialects.mysql.asyncmy"),
        *("pymysql", "asyncmy"),
    ),
    "django": ("tests.fire.django_project",),
    "redis+unix": _REDIS,
    "redis+cluster": _REDIS,
}
"""What to import before a fork, so that every child has it already."""

_AWAITED = {"psycopg": "asyncpg", "pymysql": "asyncmy", "pysqlite": "aiosqlite"}


def open_store(spec: str, *, clock=None):
    """Return the store; `clock` is its time, None for its own."""
    scheme, rest, options, prefix = _parts(spec)
    if scheme == "memory":
        from jwtkit.stores import MemorySessionStore

        return MemorySessionStore(clock=clock)
    if scheme == "sqlite":
        from jwtkit.stores import SQLiteSessionStore

        return SQLiteSessionStore(rest, clock=clock, busy_timeout=_busy(options))
    if scheme == "django":
        from jwtkit.adapters.django import DjangoSessionStore

        return DjangoSessionStore(_alias(rest, options), clock=clock)
    if scheme.startswith("redis"):
        from jwtkit.stores.redis import RedisSessionStore

        return RedisSessionStore(
            *_redis(scheme, rest), prefix=prefix, clock=clock, cluster="cluster" in scheme
        )
    from jwtkit.stores.sql import SQLAlchemySessionStore

    return SQLAlchemySessionStore(spec.partition("#")[0], prefix=prefix, clock=clock)


def open_async_store(spec: str, *, clock=None):
    """Return the awaited store."""
    scheme, rest, options, prefix = _parts(spec)
    if scheme == "memory":
        from jwtkit.stores.memory import AsyncMemorySessionStore

        return AsyncMemorySessionStore(clock=clock)
    if scheme == "sqlite":
        from jwtkit.stores.sqlite import AsyncSQLiteSessionStore

        return AsyncSQLiteSessionStore(rest, clock=clock, busy_timeout=_busy(options))
    if scheme == "django":
        from jwtkit.adapters.django import AsyncDjangoSessionStore

        return AsyncDjangoSessionStore(_alias(rest, options), clock=clock)
    if scheme.startswith("redis"):
        from jwtkit.stores.redis import AsyncRedisSessionStore

        return AsyncRedisSessionStore(
            *_redis(scheme, rest), prefix=prefix, clock=clock, cluster="cluster" in scheme
        )
    from jwtkit.stores.sql import AsyncSQLAlchemySessionStore

    driver = scheme.partition("+")[2]
    url = spec.partition("#")[0].replace(f"+{driver}:", f"+{_AWAITED[driver]}:", 1)
    return AsyncSQLAlchemySessionStore(url, prefix=prefix, clock=clock)


def _parts(spec):
    url, _, prefix = spec.partition("#")
    scheme, _, rest = url.partition(":")
    path, _, query = rest.partition("?")
    return scheme, path, parse_qs(query), prefix


def _busy(options):
    return timedelta(seconds=float(options.get("busy", ["5"])[0]))


def _alias(engine, options):
    from tests.fire.django_project import alias_of

    return alias_of(engine, **{name: value for name, [value] in options.items()})


def _redis(scheme, rest):
    return (f"unix://{rest}",) if scheme == "redis+unix" else (f"redis:{rest}",)
