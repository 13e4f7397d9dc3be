"""Where the SQL session stores meet their engine: one committed unit a call, and errors of ours only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from jwtkit.errors import ContentionError
from jwtkit.stores.failures import closed
from jwtkit.stores.result import Result
from jwtkit.stores.sql.dialects import Dialect
from jwtkit.stores.sql.engines import AUTOCOMMIT
from jwtkit.stores.sql.errors import at_run_time, was_cut

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

    from jwtkit.stores.sql.statements import Prepared

__all__ = ["Connections"]

_T = TypeVar("_T")

_ATTEMPTS = 3


class Connections:
    """The engine's pool, a connection of it for each call.

    Where nothing was written (a deadlock; a reading whose connection was cut) a call is tried again.

    Args:
        engine: The engine. For an async one its sync face, and then every method is called in a greenlet.
        dialect: The engine's ways.
        own: Whether `close` closes the engine.
    """

    def __init__(self, engine: Engine, dialect: Dialect, *, own: bool) -> None:
        self._dialect = dialect
        self._own = own
        self._closed = False
        self._pool_of = engine
        # An engine of ours is so in any case, and to say it again would cost it something on every call.
        self._engine = engine if own else engine.execution_options(isolation_level=AUTOCOMMIT)

    def execute(self, statement: Prepared, values: Mapping[str, Any], *, writes: bool = False) -> Result:
        """Run one statement as one committed transaction.

        Raises:
            ContentionError: Others kept the row busy; nothing was written.
            StoreUnavailableError: Anything else; whether a write happened may be unknown.
        """
        parameters = statement.bind(values)

        def run(connection: Connection) -> Result:
            # The driver's own cursor: SQLAlchemy's result, which describes every column anew for a statement
            # in text, takes as long as the server. Its events see the connection, and not these statements.
            cursor = connection.connection.cursor()
            try:
                cursor.execute(statement.text, parameters)
                rows = cursor.fetchall() if statement.returns_rows else []
                return Result(rows, cursor.rowcount)
            finally:
                cursor.close()

        return self._run(run, repeatable=not writes)

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run something that only reads; raises as `execute` does."""
        return self._run(work, repeatable=True)

    def transact(self, work: Callable[[Connection], _T]) -> _T:
        """Run several statements as one transaction; raises as `execute` does."""

        def run(connection: Connection) -> _T:
            _say(connection, *self._dialect.begin)
            try:
                result = work(connection)
            except Exception:
                _say(connection, "ROLLBACK")
                raise
            _say(connection, "COMMIT")
            return result

        return self._run(run, repeatable=False)

    def create(self, metadata: MetaData) -> None:
        """Make the tables that are not there, while no other process does."""

        def run(connection: Connection) -> None:
            _say(connection, *self._dialect.begin_making)
            try:
                metadata.create_all(connection)
            except Exception:
                _say(connection, self._dialect.end_making[False])
                raise
            _say(connection, self._dialect.end_making[True])

        self._run(run, repeatable=False)

    def close(self) -> None:
        """Use the engine no more, and close it if it is ours."""
        self._closed = True
        if self._own:
            self._pool_of.dispose()

    def _run(self, work: Callable[[Connection], _T], *, repeatable: bool) -> _T:
        for attempt in range(1, _ATTEMPTS + 1):
            if self._closed:
                raise closed()
            try:
                return self._attempt(work)
            except Exception as error:
                failure = at_run_time(error)
                undone = isinstance(failure, ContentionError) or (repeatable and was_cut(error))
                if not undone or attempt == _ATTEMPTS:
                    raise failure from error
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _attempt(self, work: Callable[[Connection], _T]) -> _T:
        with self._connected() as connection:
            try:
                return work(connection)
            except Exception:
                # Have SQLAlchemy look at the connection: if it is broken, this raises, and puts every one of
                # the pool that is as old out of use. So a restart of the server costs one failure.
                _say(connection, "SELECT 1")
                raise
            except BaseException:
                # Cancelled in the middle: an answer may still be on its way.
                connection.invalidate()
                raise

    def _connected(self) -> Connection:
        try:
            return self._engine.connect()
        except self._engine.dialect.loaded_dbapi.Error:
            # Not SQLAlchemy's own error, so a new connection is not what failed: autocommit was to be set on
            # one that had broken while it was idle. It is not alone.
            self._pool_of.dispose()
            return self._engine.connect()


def _say(connection: Connection, *statements: str) -> None:
    for statement in statements:
        if not connection.invalidated:  # else SQLAlchemy knows already, and would complain of that instead
            connection.exec_driver_sql(statement).close()
