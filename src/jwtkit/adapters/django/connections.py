"""The store's own connections to a database of ``settings.DATABASES``, apart from those of the requests."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.core.signals import request_finished, request_started
from django.db import InterfaceError, OperationalError, connections
from django.db.utils import load_backend

from jwtkit.adapters.django.dialects import DIALECTS, Dialect
from jwtkit.adapters.django.errors import at_run_time, is_worth_repeating
from jwtkit.errors import ConfigurationError
from jwtkit.forks import guard_forks
from jwtkit.stores.failures import closed
from jwtkit.stores.result import Result

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

__all__ = ["Connections", "Run"]

_T = TypeVar("_T")

_ATTEMPTS = 3
_numbers = count()


Run = Callable[[str, Sequence[Any]], Result]
"""Runs one statement with its values."""


class Connections:
    """As many connections as there are calls at once, none ever used by two threads at a time.

    A connection belongs to a call and not to a thread, so async calls and thread pools leave none behind.
    It is in autocommit whatever the alias says, so no transaction of a request holds what the store writes.
    It is kept while a request is being answered and for ``CONN_MAX_AGE`` after it, as Django keeps its own.
    Where the alias has a pool, the store has another of the same settings, and gives a connection back after
    each call: who holds one connection of a pool and waits for a second can wait for himself.

    Args:
        alias: A name in ``settings.DATABASES``.

    Raises:
        ConfigurationError: ``store.engine``: there is no such database, or its engine is not supported.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._number = next(_numbers)
        self.dialect = self._dialect()
        self._idle: list[BaseDatabaseWrapper] = []
        self._in_use: set[BaseDatabaseWrapper] = set()
        self._inherited: list[BaseDatabaseWrapper] = []
        self._requests = 0
        self._closed = False
        self._lock = Lock()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        # Both hold this object weakly.
        request_started.connect(self._request_started)
        request_finished.connect(self._request_finished)
        guard_forks(self, before=Connections.before_fork, after_in_child=Connections.after_fork_in_child)

    def execute(self, statement: str, values: Sequence[Any] = (), *, writes: bool = False) -> Result:
        """Run one statement as one committed transaction.

        Raises:
            ContentionError: Others kept the row busy; nothing was written.
            StoreUnavailableError: Anything else; whether a write happened may be unknown.
        """
        return self._run(lambda connection: _execute(connection, statement, values), repeatable=not writes)

    def transact(self, work: Callable[[Run], _T]) -> _T:
        """Run several statements as one transaction; raises as `execute` does."""

        def run(connection: BaseDatabaseWrapper) -> _T:
            # Not by `transaction.atomic`, which would begin on the request's connection.
            connection.ensure_connection()
            connection.set_autocommit(False)
            answer = work(lambda statement, values: _execute(connection, statement, values))
            connection.commit()
            connection.set_autocommit(True)
            return answer

        return self._run(run, repeatable=False)

    def close(self) -> None:
        """Close every connection; one in use is closed as soon as its call is done."""
        with self._lock:
            self._closed = True
        self._close_idle()
        if self._settings()["OPTIONS"].get("pool"):
            close_pool = getattr(self._new(), "close_pool", None)
            if close_pool is not None:
                close_pool()

    def _run(self, work: Callable[[BaseDatabaseWrapper], _T], *, repeatable: bool) -> _T:
        attempt = 1
        while True:
            connection = self._take()
            kept_from_before = connection.connection is not None
            sound = False
            try:
                answer = work(connection)
                sound = True
                return answer
            except SynchronousOnlyOperation as error:
                sound = True  # it was not touched, and cannot be closed from here either
                raise at_run_time(error) from error
            except Exception as error:
                failure = at_run_time(error)
                # What ended this one, such as a restart of the server, has ended those of before as well.
                cut = kept_from_before and isinstance(error, InterfaceError | OperationalError)
                undone = is_worth_repeating(error)
                if cut and not undone:
                    self._close_idle()
                if attempt == _ATTEMPTS or not (undone or (cut and repeatable)):
                    raise failure from error
            finally:
                # After an error nothing is known of a connection's state: closing it rolls everything back.
                self._give_back(connection, sound=sound)
            attempt += 1

    def _take(self) -> BaseDatabaseWrapper:
        with self._lock:
            if self._closed:
                raise closed()
            connection = self._idle.pop() if self._idle else None
        if connection is not None and connection.settings_dict["NAME"] != self._settings()["NAME"]:
            # A test run has put another database into the alias since.
            _close(connection)
            connection = None
        if connection is None:
            connection = self._new()
        with self._lock:
            self._in_use.add(connection)
        return connection

    def _new(self) -> BaseDatabaseWrapper:
        settings = self._settings()
        made: BaseDatabaseWrapper = load_backend(settings["ENGINE"]).DatabaseWrapper(
            {**settings, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False},
            # The name under which Django keeps a pool: one for each store, and not one shared over a fork.
            f"{self._alias}/jwtkit-{os.getpid()}-{self._number}",
        )
        if made.vendor == "sqlite" and str(settings["NAME"]) in ("", ":memory:"):
            raise ConfigurationError(
                "sessions in SQLite's memory would be one connection's own",
                code="store.engine",
                hint="use a file, or MemorySessionStore()",
            )
        made.inc_thread_sharing()
        # Never the one that writes statements and their values, digests among them, to Django's log.
        setattr(made, "make_debug_cursor", made.make_cursor)  # noqa: B010 - a method, to type checkers
        return made

    def _give_back(self, connection: BaseDatabaseWrapper, *, sound: bool) -> None:
        pooled = bool(connection.settings_dict["OPTIONS"].get("pool"))
        with self._lock:
            self._in_use.discard(connection)
            in_request = self._requests > 0
        if sound and (pooled or not in_request):
            with suppress(Exception):
                connection.close_if_unusable_or_obsolete()
        with self._lock:
            kept = sound and not self._closed and connection.connection is not None
            if kept:
                self._idle.append(connection)
        if not kept:
            _close(connection)

    def _request_started(self, **_: object) -> None:
        with self._lock:
            self._requests += 1
        self._close_obsolete()

    def _request_finished(self, **_: object) -> None:
        with self._lock:
            self._requests = max(0, self._requests - 1)
        self._close_obsolete()

    def _close_obsolete(self) -> None:
        with self._lock:
            idle = self._idle[:]
            self._idle.clear()
        for connection in idle:
            self._check(connection)

    def _check(self, connection: BaseDatabaseWrapper) -> None:
        with suppress(Exception):
            connection.close_if_unusable_or_obsolete()
        with self._lock:
            if connection.connection is not None and not self._closed:
                self._idle.append(connection)
                return
        _close(connection)

    def _close_idle(self) -> None:
        with self._lock:
            idle = self._idle[:]
            self._idle.clear()
        _close_all(idle)

    def _settings(self) -> dict[str, Any]:
        # Asked for anew each time: a test run puts its own database into it.
        found: dict[str, Any] = connections.settings[self._alias]
        return found

    def _dialect(self) -> Dialect:
        try:
            if self._alias not in connections.settings:
                raise ConfigurationError(
                    "using: there is no such database in settings.DATABASES", code="store.engine"
                )
            vendor = connections[self._alias].vendor
        except ImproperlyConfigured as error:
            raise at_run_time(error) from error
        dialect = DIALECTS.get(vendor)
        if dialect is None:
            raise ConfigurationError(
                "the database's engine is not supported",
                code="store.engine",
                hint=f"expected one of {', '.join(DIALECTS)}",
            )
        return dialect

    def before_fork(self) -> None:
        """Close every connection that no call uses: parent and child open new ones."""
        self._close_idle()

    def after_fork_in_child(self) -> None:
        """Start anew: the threads that held the lock or a connection do not exist here."""
        # Kept and never touched: to close them would say goodbye to the server on behalf of the parent.
        self._inherited.extend((*self._idle, *self._in_use))
        self._idle.clear()
        self._in_use.clear()
        self._requests = 0
        self._lock = Lock()


def _execute(connection: BaseDatabaseWrapper, statement: str, values: Sequence[Any]) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = _rows(cursor) if cursor.description else []
        return Result(rows, cursor.rowcount)


def _rows(cursor: CursorWrapper) -> list[tuple[Any, ...]]:
    # psycopg2 gives a view where others give bytes.
    return [
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for row in cursor.fetchall()
    ]


def _close(connection: BaseDatabaseWrapper) -> None:
    # A connection that is broken may fail to be closed; there is nothing left to do about it.
    with suppress(Exception):
        connection.close()


def _close_all(idle: list[BaseDatabaseWrapper]) -> None:
    while idle:
        _close(idle.pop())
