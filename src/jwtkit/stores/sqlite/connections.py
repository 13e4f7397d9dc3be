"""The connections of one process to the session file: reused by threads, never carried over a fork."""

from __future__ import annotations

import weakref
from threading import Condition, Lock
from typing import TYPE_CHECKING

from jwtkit.forks import guard_forks
from jwtkit.stores.failures import closed
from jwtkit.stores.result import Result
from jwtkit.stores.rows import Row
from jwtkit.stores.sqlite.errors import at_run_time, contention

if TYPE_CHECKING:
    import sqlite3

    from jwtkit.stores.sqlite.file import SessionFile

__all__ = ["Connections"]


class Connections:
    """As many connections as there are calls at once, none ever used by two threads at a time.

    A thread's end leaves nothing behind, as a connection belongs to a call and not to a thread.

    SQLite's locks do not survive a fork, yet a child's SQLite believes it holds those of its parent, even
    for connections the child opens itself (sqlite.org/howtocorrupt.html §2.6). So before a fork every
    connection is closed, after calls under way are done; parent and child open new ones when they need them.

    Args:
        file: Opens connections.
    """

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._in_use = 0
        self._forks = 0
        self._held_for_fork = False
        self._closed = False
        self._start_locks()
        # Also at the end of the program, so that the last one out leaves no write-ahead log.
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        guard_forks(
            self,
            before=Connections.before_fork,
            after_in_parent=Connections.after_fork_in_parent,
            after_in_child=Connections.after_fork_in_child,
        )

    def execute(self, statement: str, parameters: Row = (), *, writes: bool = False) -> Result:
        """Run one statement as one committed transaction.

        Raises:
            ContentionError: Other writers kept the file locked; nothing was written.
            StoreUnavailableError: Anything else; whether a write happened may be unknown.
        """
        import sqlite3

        writing = self._writing
        if writes and not writing.acquire(timeout=self._file.busy_timeout):
            raise contention()
        try:
            return self._execute(statement, parameters)
        except sqlite3.Error as error:
            raise at_run_time(error) from error
        finally:
            if writes:
                writing.release()

    def close(self) -> None:
        """Close every connection; one in use is closed as soon as its call is done."""
        with self._changed:
            self._closed = True
            _close_all(self._idle)

    def _execute(self, statement: str, parameters: Row) -> Result:
        connection = self._take()
        sound = False
        try:
            if connection is None:
                connection = self._file.open()
            cursor = connection.execute(statement, parameters)
            # To the last row: a statement left half read keeps its transaction open.
            outcome = Result(cursor.fetchall(), cursor.rowcount)
            sound = True
        finally:
            # After an error nothing is known of a connection's state, and a new one costs little.
            self._give_back(connection, sound=sound)
        return outcome

    def _take(self) -> sqlite3.Connection | None:
        with self._changed:
            while self._forks:
                self._changed.wait()
            if self._closed:
                raise closed()
            self._in_use += 1
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: sqlite3.Connection | None, *, sound: bool) -> None:
        with self._changed:
            self._in_use -= 1
            if self._forks:
                self._changed.notify_all()
            if sound and not self._closed and connection is not None:
                self._idle.append(connection)
                return
        if connection is not None:
            connection.close()

    def _start_locks(self) -> None:
        self._changed = Condition(Lock())
        # SQLite makes a writer that finds the file locked sleep and try again, up to 100 ms at a time. The
        # threads of one process queue here instead, and only other processes are met by sleeping.
        self._writing = Lock()

    def before_fork(self) -> None:
        """Wait for calls under way, close every connection, and let no call begin until after the fork."""
        self._changed.acquire()
        self._forks += 1
        # Bounded: a fork from within a call (a signal handler) would wait for itself.
        self._changed.wait_for(lambda: not self._in_use, timeout=self._file.busy_timeout + 1)
        _close_all(self._idle)
        self._held_for_fork = True

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._held_for_fork:
            self._held_for_fork = False
            self._forks -= 1
            self._changed.notify_all()
            self._changed.release()

    def after_fork_in_child(self) -> None:
        """Start anew: the threads that held locks or connections do not exist here."""
        # Not empty only under a server that forks without telling Python beforehand: kept and never touched,
        # as SQLite asks, for not even closing them is safe here.
        self._inherited.extend(self._idle)
        self._idle.clear()
        self._in_use = self._forks = 0
        self._held_for_fork = False
        self._start_locks()


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
