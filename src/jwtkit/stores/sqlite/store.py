"""Sessions in an SQLite file: durable, for the processes and threads of one machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.awaited import AwaitedStore
from jwtkit.stores.bounds import checked_clock, findable, page_size, require_storable, store_time
from jwtkit.stores.closing import AsyncClosing, Closing
from jwtkit.stores.failures import closed
from jwtkit.stores.rows import changing_of, identity_of
from jwtkit.stores.sqlite import statements
from jwtkit.stores.sqlite.connections import Connections
from jwtkit.stores.sqlite.file import SessionFile

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["AsyncSQLiteSessionStore", "SQLiteSessionStore"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SQLiteSessionStore(Closing):
    """A `jwtkit.refresh.SessionStore` in an SQLite file, for the processes and threads of one machine.

    The file uses SQLite's write-ahead log and must lie on a local disk: network file systems do not lock as
    SQLite needs. Its directory must be writable, and the file belongs to this store alone. Replace it (a
    restored backup) only while no process has it open. Made before a server forks its workers, it works in
    each of them. Close the store, or use it as a context manager, when the service stops.

    Args:
        path: The file; made, readable by its owner only, when it does not exist. Its directory must exist.
        clock: The store's time, a callable giving seconds since the epoch; None for `time.time`.
        busy_timeout: How long a call waits for other writers before it is a `ContentionError`.
        synchronous: ``FULL``: what was committed survives a power cut. ``NORMAL``: the last commits may not
            (a killed process loses nothing either way); their clients are asked to log in again.

    Raises:
        ConfigurationError: ``store.path``, ``store.file``, ``store.foreign_file`` or ``store.newer_schema``:
            the path or the file cannot be used; or a setting is out of range.
        ContentionError: Others kept the file locked for longer than `busy_timeout`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] | None = None,
        busy_timeout: timedelta = timedelta(seconds=5),
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
    ) -> None:
        self._clock = checked_clock(clock)
        file = SessionFile(path, busy_timeout=busy_timeout, synchronous=synchronous)
        self._connections = Connections(file)

    def insert(self, family: Family, /) -> None:
        """Add a new family.

        Raises:
            StoreUnavailableError: ``store.duplicate``: the session id is taken.
            ConfigurationError: ``store.unstorable``: a text or number no store keeps.
        """
        require_storable(*family)
        over = over_at(family)
        self._connections.execute(statements.INSERT, (*family, over, over), writes=True)

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family, the highest epoch that applies to it and the store's time."""
        rows, _ = self._connections.execute(statements.READ, (findable(session_id),))
        # The time after the row, so that it is never before anything the row says.
        now = store_time(self._clock)
        return _snapshot(rows[0], now) if rows else Snapshot(None, 0, now)

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        The issuer, subject and time of login of a family never change: a row that differs in them is
        not the one meant, and is left alone.
        """
        identity, changing = identity_of(family), changing_of(family)
        require_storable(*identity, *changing)
        over = over_at(family)
        if family.ended_at is None:
            statement, values = statements.SWAP, (*changing, over)
        else:
            statement, values = statements.SWAP_ENDED, (*changing, over, over)
        parameters = (*values, *identity, expected_version)
        return self._connections.execute(statement, parameters, writes=True).changed == 1

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes` and the store's time."""
        epoch: int | None = None
        if scopes:
            texts = [text for scope in scopes for text in (scope.issuer, scope.kind, scope.name)]
            rows, _ = self._connections.execute(
                statements.highest_epoch_of(len(scopes)), tuple(map(findable, texts))
            )
            [(epoch,)] = rows
        return EpochReading(epoch or 0, store_time(self._clock))

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch above every epoch its issuer ever had, and to now at least."""
        require_storable(scope.issuer, scope.name)
        parameters = (scope.issuer, scope.kind, scope.name, store_time(self._clock), scope.issuer)
        [(epoch,)] = self._connections.execute(statements.BUMP_EPOCH, parameters, writes=True).rows
        return int(epoch)

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id until that time; a later `until` wins."""
        require_storable(issuer, token_id, until)
        self._connections.execute(statements.DENY, (issuer, token_id, until), writes=True)

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator by one statement (see `jwtkit.stores.answers.revocation_status`)."""
        texts = (query.issuer, query.id, query.session_id, query.subject, query.tenant)
        [(over, ended, epoch, until)] = self._connections.execute(
            statements.STATUS, tuple(map(findable, texts))
        ).rows
        return revocation_status(
            query,
            session_over_at=over,
            session_ended=bool(ended),
            epoch=epoch,
            denied_until=until,
            now=store_time(self._clock),
        )

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included."""
        parameters = (findable(issuer), findable(subject), page_size(limit), page_size(offset))
        rows, _ = self._connections.execute(statements.LIST_SUBJECT, parameters)
        now = store_time(self._clock)
        return [_snapshot(row, now) for row in rows]

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A time that has not come yet counts as now: what is not over is never removed. Every statement
        writes to at most `limit` rows, so other writers wait for no more than that.
        """
        remaining = count = page_size(limit)
        before = max(0, min(before, store_time(self._clock)))
        while remaining:
            due = self._change(statements.RECHECK_FAMILIES, before, remaining)
            remaining -= self._change(statements.PURGE_FAMILIES, before, before, remaining)
            if not due:
                break
        if remaining:
            remaining -= self._change(statements.PURGE_DENIALS, before, remaining)
        return count - remaining

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return the rotation key ids of the issuer's living families (`jwtkit.refresh.SecretRegistry`)."""
        parameters = (findable(issuer), store_time(self._clock))
        return frozenset(
            key_id for (key_id,) in self._connections.execute(statements.LIVE_KEY_IDS, parameters).rows
        )

    def close(self) -> None:
        """Close the file; every later call is a `StoreUnavailableError` (``store.closed``)."""
        self._connections.close()

    def _change(self, statement: str, *parameters: int) -> int:
        return self._connections.execute(statement, parameters, writes=True).changed


class AsyncSQLiteSessionStore(AwaitedStore[SQLiteSessionStore], AsyncClosing):
    """A `SQLiteSessionStore` for async callers: the same statements, run by a few threads of its own.

    A call that is cancelled while it waits may still be carried out. Making one opens the file, which may
    block for a moment: make it when the service starts.

    Args:
        path: See `SQLiteSessionStore`, as for the next three.
        clock: The store's time.
        busy_timeout: How long a call waits for other writers.
        synchronous: ``FULL`` or ``NORMAL``.
        threads: How many calls may be under way at once. Writers go one at a time in any case.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] | None = None,
        busy_timeout: timedelta = timedelta(seconds=5),
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        threads: int = 4,
    ) -> None:
        if not isinstance(threads, int) or threads < 1:
            raise ConfigurationError("threads: expected an integer of 1 or more")
        super().__init__(
            SQLiteSessionStore(path, clock=clock, busy_timeout=busy_timeout, synchronous=synchronous)
        )
        self._threads = threads
        # By process: an executor's threads do not come along in a fork.
        self._executors: dict[int, ThreadPoolExecutor] = {}

    def close(self) -> None:
        """Wait for calls under way and close the file; later calls are a `StoreUnavailableError`."""
        self._store.close()
        self._executor().shutdown()

    async def aclose(self) -> None:
        """As `close`, awaited."""
        import asyncio

        await asyncio.to_thread(self.close)

    async def _run(self, method: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        import asyncio
        from functools import partial

        loop, call = asyncio.get_running_loop(), partial(method, *args, **kwargs)
        try:
            outcome = loop.run_in_executor(self._executor(), call)
        except RuntimeError as error:
            # The executor takes no more work: the store is closed, or the program is ending.
            raise closed() from error
        return await outcome

    def _executor(self) -> ThreadPoolExecutor:
        process = os.getpid()
        executor = self._executors.get(process)
        if executor is None:
            from concurrent.futures import ThreadPoolExecutor

            executor = ThreadPoolExecutor(self._threads, thread_name_prefix="jwtkit-sessions")
            executor = self._executors.setdefault(process, executor)
        return executor


def _snapshot(row: tuple[Any, ...], now: int) -> Snapshot:
    *family, epoch = row
    return Snapshot(Family(*family), epoch, now)
