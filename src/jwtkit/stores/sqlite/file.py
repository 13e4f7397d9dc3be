"""The SQLite file of a session store: made, checked, brought to the newest schema, opened."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from jwtkit.errors import ConfigurationError
from jwtkit.stores.sqlite.errors import at_construction, is_busy
from jwtkit.stores.sqlite.schema import migrate

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SessionFile"]

_LOWEST_SQLITE = (3, 37, 0)
"""STRICT tables are of 3.37, RETURNING of 3.35."""

_LONGEST_WAIT = timedelta(hours=1)


class SessionFile:
    """A file that holds the newest schema, in write-ahead mode.

    Args:
        path: Where it is; made, readable by its owner only, when it does not exist.
        busy_timeout: How long a connection waits for another's write lock.
        synchronous: ``FULL`` or ``NORMAL``.

    Raises:
        ConfigurationError: The settings or the file cannot be used.
        ContentionError: Others kept the file locked for longer than `busy_timeout`.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: timedelta, synchronous: str) -> None:
        import sqlite3

        if sqlite3.sqlite_version_info < _LOWEST_SQLITE:
            raise ConfigurationError(
                f"the session store needs SQLite 3.37 or newer; this Python has {sqlite3.sqlite_version}"
            )
        self._synchronous = _checked_synchronous(synchronous)
        self.busy_timeout = _checked_wait(busy_timeout)
        file = _checked_path(path)
        # rw and not rwc: a file removed under a running service is an outage, not a new and empty store.
        self._uri = f"{file.as_uri()}?mode=rw"
        try:
            _make(file)
            connection = self.open()
            try:
                # First whether it is ours, so that nothing of another program's database is changed.
                migrate(connection)
                self._enter_wal_mode(connection)
            finally:
                connection.close()
        except (OSError, sqlite3.Error) as error:
            raise at_construction(error) from error

    def open(self) -> sqlite3.Connection:
        """Return a new connection; any thread may use it, one at a time.

        Raises:
            sqlite3.Error: The file cannot be opened.
        """
        import sqlite3

        # isolation_level=None is autocommit: every statement is a transaction of its own, so a write asks
        # for the write lock at once and never has to turn a reader into a writer, which fails busy.
        connection = sqlite3.connect(
            self._uri, uri=True, timeout=self.busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            # Whatever the schema was made to say cannot reach functions with side effects.
            connection.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            connection.close()
            raise
        return connection

    def _enter_wal_mode(self, connection: sqlite3.Connection) -> None:
        if self._journal_mode(connection) != "wal":
            raise ConfigurationError(
                "the file system under the session file does not support SQLite's write-ahead log",
                code="store.file",
                hint="put the file on a local disk",
            )

    def _journal_mode(self, connection: sqlite3.Connection) -> str:
        """Ask for write-ahead mode and return the mode the file is in then."""
        import sqlite3
        import time

        deadline = time.monotonic() + self.busy_timeout
        while True:
            try:
                return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                # The switch needs the file alone for a moment. While another writes or switches SQLite does
                # not wait but fails at once, because two that switch would wait for each other.
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(0.01)


def _checked_path(path: str | os.PathLike[str]) -> Path:
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise ConfigurationError("expected the path of the session file", code="store.path") from None
    if text in ("", ":memory:"):
        raise ConfigurationError(
            "SQLiteSessionStore keeps sessions in a file: expected its path",
            code="store.path",
            hint="for sessions in memory use MemorySessionStore()",
        )
    if text.startswith("file:") or "\0" in text:
        raise ConfigurationError(
            "expected the path of the session file: a plain path, not a URI, with no NUL in it",
            code="store.path",
        )
    # Now, so that a later change of the working directory does not move the store.
    return Path(text).absolute()


def _checked_wait(busy_timeout: timedelta) -> float:
    if not isinstance(busy_timeout, timedelta) or not timedelta(0) <= busy_timeout <= _LONGEST_WAIT:
        raise ConfigurationError("busy_timeout: expected a timedelta between nothing and an hour")
    return busy_timeout.total_seconds()


def _checked_synchronous(synchronous: str) -> str:
    if synchronous not in ("FULL", "NORMAL"):
        raise ConfigurationError(
            'synchronous: expected "FULL" (a committed rotation survives a power cut) or "NORMAL" (the last'
            " ones may not, and their clients log in again)"
        )
    return synchronous


def _make(file: Path) -> None:
    """Make the file for its owner only; SQLite gives its -wal and -shm files the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
