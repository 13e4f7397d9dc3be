"""Sessions in a SQL database that many machines share: PostgreSQL, MariaDB or SQLite, by SQLAlchemy."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.awaited import AwaitedStore
from jwtkit.stores.bounds import checked_clock
from jwtkit.stores.closing import AsyncClosing, Closing

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

    from jwtkit.stores.sql.dialects import Dialect
    from jwtkit.stores.sql.sessions import Sessions

__all__ = ["AsyncSQLAlchemySessionStore", "SQLAlchemySessionStore", "metadata"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_PREFIX = "jwtkit_"


class SQLAlchemySessionStore(Closing):
    """A `jwtkit.refresh.SessionStore` in a SQL database, for any number of machines.

    PostgreSQL by psycopg, MariaDB by pymysql, SQLite by sqlite3. It makes no table by itself: call
    `create_tables` once, or give `metadata` to Alembic. Every call is a committed transaction of its own on a
    connection of its own, apart from whatever transaction the caller has open. With a URL it works also in
    workers forked after it was made. Close it, or use it as a context manager, when the service stops.

    Args:
        engine: The database: an SQLAlchemy URL, or an engine, which stays the caller's to close. One made by
            ``create_engine(url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True,
            hide_parameters=True)`` costs fewest round trips.
        prefix: What the names of its tables and indexes begin with.
        schema: The schema they are in (on MariaDB a database); None for the connection's own.
        clock: The store's time, a callable giving seconds since the epoch; None for the server's clock, which
            is what several machines agree on.

    Raises:
        ConfigurationError: ``store.engine``, ``store.table_names`` or ``store.extra``: an engine, a driver or
            a name that cannot be used, or a package that is not installed.
    """

    def __init__(
        self,
        engine: Engine | URL | str,
        *,
        prefix: str = _PREFIX,
        schema: str | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        _require_sqlalchemy()
        from jwtkit.stores.sql.engines import dialect_of, engine_of

        used, own = engine_of(engine)
        self._sessions = _sessions(used, dialect_of(used, awaited=False), own, prefix, schema, clock)

    def insert(self, family: Family, /) -> None:
        """Add a new family.

        Raises:
            StoreUnavailableError: ``store.duplicate``: the session id is taken.
            ConfigurationError: ``store.unstorable``: a text or number no store keeps.
        """
        self._sessions.insert(family)

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family, the highest epoch that applies to it and the store's time, in one round trip."""
        return self._sessions.read(session_id)

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        The issuer, subject and time of login of a family never change: a row that differs in them is
        not the one meant, and is left alone.
        """
        return self._sessions.compare_and_swap(family, expected_version=expected_version)

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes` and the store's time."""
        return self._sessions.epoch(scopes)

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch above every epoch its issuer ever had, and to now at least.

        Bumps of one issuer go one after the other, also those of different scopes.
        """
        return self._sessions.bump_epoch(scope)

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id until that time; a later `until` wins."""
        self._sessions.deny(issuer, token_id, until=until)

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator by one statement (see `jwtkit.stores.answers.revocation_status`)."""
        return self._sessions.status(query)

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included."""
        return self._sessions.list_subject(issuer, subject, limit=limit, offset=offset)

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A time that has not come yet counts as now: what is not over is never removed. It works through
        transactions of at most 500 rows, and passes over rows that others hold (PostgreSQL, MariaDB).
        """
        return self._sessions.purge(before, limit=limit)

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return the rotation key ids of the issuer's living families (`jwtkit.refresh.SecretRegistry`)."""
        return self._sessions.live_key_ids(issuer)

    def create_tables(self) -> None:
        """Make the tables and indexes that are not there; several processes may do so at once.

        Raises:
            StoreUnavailableError: The database cannot be reached, or does not let this user make tables.
        """
        self._sessions.create_tables()

    def close(self) -> None:
        """Close the connections; every later call is a `StoreUnavailableError` (``store.closed``).

        An engine that was given is left open.
        """
        self._sessions.close()


class AsyncSQLAlchemySessionStore(AwaitedStore["Sessions"], AsyncClosing):
    """A `SQLAlchemySessionStore` for async callers: the same statements by a driver that is awaited.

    PostgreSQL by psycopg or asyncpg, MariaDB by asyncmy, SQLite by aiosqlite (whose driver uses threads; the
    others use none). One store belongs to one event loop, as its connections do. A call that is cancelled
    may still be carried out; its connection is closed.

    Args:
        engine: The database: an SQLAlchemy URL, or an async engine, which stays the caller's to close.
        prefix: See `SQLAlchemySessionStore`, as for the next two.
        schema: The schema the tables are in.
        clock: The store's time.

    Raises:
        ConfigurationError: See `SQLAlchemySessionStore`.
    """

    def __init__(
        self,
        engine: AsyncEngine | URL | str,
        *,
        prefix: str = _PREFIX,
        schema: str | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        _require_sqlalchemy()
        from sqlalchemy.util import greenlet_spawn

        from jwtkit.stores.sql.engines import async_engine_of, dialect_of

        used, own = async_engine_of(engine)
        dialect = dialect_of(used.sync_engine, awaited=True)
        super().__init__(_sessions(used.sync_engine, dialect, own, prefix, schema, clock))
        # SQLAlchemy's own bridge: a plain call in a greenlet, which leaves it wherever the driver awaits.
        self._spawn = greenlet_spawn

    async def create_tables(self) -> None:
        """See `SQLAlchemySessionStore.create_tables`."""
        await self._run(self._store.create_tables)

    async def aclose(self) -> None:
        """See `SQLAlchemySessionStore.close`."""
        await self._run(self._store.close)

    async def _run(self, method: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await self._spawn(partial(method, *args, **kwargs))


def metadata(*, prefix: str = _PREFIX, schema: str | None = None) -> MetaData:
    """Return the definition of the tables, such as Alembic's ``target_metadata`` takes.

    Args:
        prefix: As the store is given it.
        schema: As the store is given it.

    Raises:
        ConfigurationError: ``store.table_names`` or ``store.extra``.
    """
    _require_sqlalchemy()
    from jwtkit.stores.sql.schema import define

    return define(prefix=prefix, schema=schema).metadata


def _require_sqlalchemy() -> None:
    try:
        import sqlalchemy

        # Which asks for greenlet.
        importlib.import_module("sqlalchemy.ext.asyncio")
    except ImportError as error:
        raise ConfigurationError(
            "the SQL session stores need SQLAlchemy and greenlet",
            code="store.extra",
            hint="pip install 'jwtkit[sql]'",
        ) from error
    if int(sqlalchemy.__version__.partition(".")[0]) < 2 or sqlalchemy.__version__.startswith("2.0"):
        raise ConfigurationError(
            f"the SQL session stores need SQLAlchemy 2.1 or newer; this is {sqlalchemy.__version__}",
            code="store.extra",
            hint="pip install 'jwtkit[sql]'",
        )


def _sessions(
    engine: Engine,
    dialect: Dialect,
    own: bool,
    prefix: str,
    schema: str | None,
    clock: Callable[[], float] | None,
) -> Sessions:
    from jwtkit.stores.sql.connections import Connections
    from jwtkit.stores.sql.schema import define
    from jwtkit.stores.sql.sessions import Sessions
    from jwtkit.stores.sql.statements import Statements

    tables = define(prefix=prefix, schema=schema)
    statements = Statements(tables, dialect, engine.dialect)
    return Sessions(Connections(engine, dialect, own=own), statements, tables, checked_clock(clock))
