"""Where the SQL session stores meet their engine: one committed unit a call, and errors of ours only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jwtkit.errors import ContentionError, StoreUnavailableError
from jwtkit.stores.sql.dialects import Dialect
from jwtkit.stores.sql.engines import AUTOCOMMIT
from jwtkit.stores.sql.errors import at_run_time, was_cut

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

    from jwtkit.stores.sql.statements import Prepared

__all__ = ["Connections", "Outcome"]

_T = TypeVar("_T")

_ATTEMPTS = 3


class Outcome(NamedTuple):
    """What a statement answered.

    Attributes:
        rows: The rows it returned.
        changed: How many rows it inserted, updated or deleted.
    """

    rows: list[tuple[Any, ...]]
    changed: int


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
        # An engine of ours is so in any case, and to say it again would cost it something on every call.
        self._engine = engine if own else engine.execution_options(isolation_level=AUTOCOMMIT)
        self._transactions = engine.execution_options(isolation_level=dialect.isolation)

    def execute(self, statement: Prepared, values: Mapping[str, Any], *, writes: bool = False) -> Outcome:
        """Run one statement as one committed transaction.

        Raises:
            ContentionError: Others kept the row busy; nothing was written.
            StoreUnavailableError: Anything else; whether a write happened may be unknown.
        """
        parameters = statement.bind(values)

        def run(connection: Connection) -> Outcome:
            result = connection.exec_driver_sql(statement.text, parameters)
            rows = [tuple(row) for row in result] if result.returns_rows else []
            return Outcome(rows, result.rowcount)

        return self._run(self._engine, run, repeatable=not writes)

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run something that only reads; raises as `execute` does."""
        return self._run(self._engine, work, repeatable=True)

    def transact(self, work: Callable[[Connection], _T]) -> _T:
        """Run several statements as one transaction; raises as `execute` does."""

        def run(connection: Connection) -> _T:
            with connection.begin():
                return work(connection)

        return self._run(self._transactions, run, repeatable=False)

    def create(self, metadata: MetaData) -> None:
        """Make the tables that are not there, while no other process does."""

        def run(connection: Connection) -> None:
            for statement in self._dialect.alone:
                connection.exec_driver_sql(statement)
            try:
                metadata.create_all(connection)
            except BaseException:
                for statement in self._dialect.after_failure:
                    connection.exec_driver_sql(statement)
                raise
            for statement in self._dialect.together:
                connection.exec_driver_sql(statement)

        self._run(self._engine, run, repeatable=False)

    def close(self) -> None:
        """Use the engine no more, and close it if it is ours."""
        self._closed = True
        if self._own:
            self._engine.dispose()

    def _run(self, engine: Engine, work: Callable[[Connection], _T], *, repeatable: bool) -> _T:
        attempt = 1
        while True:
            if self._closed:
                raise StoreUnavailableError("the session store is closed", code="store.closed")
            try:
                with engine.connect() as connection:
                    return work(connection)
            except Exception as error:
                failure = at_run_time(error)
                undone = isinstance(failure, ContentionError) or (repeatable and was_cut(error))
                if not undone or attempt == _ATTEMPTS:
                    raise failure from error
                attempt += 1
