"""Sessions in the database of a Django project, on connections of the store's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

from jwtkit.adapters.django.connections import Connections, Run
from jwtkit.adapters.django.statements import Statements
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.awaited import AwaitedStore
from jwtkit.stores.bounds import checked_clock, page_size, require_storable, store_time
from jwtkit.stores.closing import AsyncClosing, Closing
from jwtkit.stores.rows import changing_of
from jwtkit.stores.sql.keys import (
    LAST_EPOCH,
    issuer_key,
    last_epoch_key,
    scope_key,
    secret_key,
    session_key,
    subject_key,
    tenant_key,
    token_key,
)
from jwtkit.stores.sql.purging import purge_in_turn

__all__ = ["AsyncDjangoSessionStore", "DjangoSessionStore"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DjangoSessionStore(Closing):
    """A `jwtkit.refresh.SessionStore` in a database of ``settings.DATABASES``.

    On PostgreSQL, MariaDB, MySQL and SQLite. Its tables come from ``manage.py migrate``, and are those of
    `jwtkit.stores.sql.SQLAlchemySessionStore`: a service without Django can use the same sessions.

    Every call is a committed transaction of its own on a connection of the store's own, never the request's:
    were the end of a session whose token was replayed part of the request's transaction, then the error that
    the request ends with would roll it back (``ATOMIC_REQUESTS``, ``transaction.atomic``). So it does not see
    what a test case holds uncommitted, nor is it undone with it: see the how-to page on tests.

    Make one for a process and use it in all threads; it works also in workers forked after it was made.

    Args:
        using: The name of the database in ``settings.DATABASES``.
        clock: The store's time, a callable giving seconds since the epoch; None for the database server's
            clock, which is what several machines agree on.

    Raises:
        ConfigurationError: ``store.engine``: there is no such database, or its engine is not supported.
    """

    def __init__(self, using: str = "default", *, clock: Callable[[], float] | None = None) -> None:
        self._clock = checked_clock(clock)
        self._connections = Connections(using)
        self._statements = Statements(self._connections.dialect)

    def insert(self, family: Family, /) -> None:
        """Add a new family.

        Raises:
            StoreUnavailableError: ``store.duplicate``: the session id is taken.
            ConfigurationError: ``store.unstorable``: a text or number no store keeps.
        """
        require_storable(*family)
        over = over_at(family)
        keys = (
            session_key(family.session_id),
            issuer_key(family.issuer),
            tenant_key(family.issuer, family.tenant),
            subject_key(family.issuer, family.subject),
            secret_key(family.issuer, family.key_id),
        )
        self._connections.execute(self._statements.insert, (*keys, *family, over, over), writes=True)

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family, the highest epoch that applies to it and the store's time, in one round trip."""
        [row], _ = self._connections.execute(self._statements.read, (session_key(session_id),))
        now = self._time(row[-1])
        return Snapshot(None, 0, now) if row[0] is None else Snapshot(Family(*row[:-2]), row[-2], now)

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        The issuer, subject and time of login of a family never change: a row that differs in them is
        not the one meant, and is left alone.
        """
        changing = changing_of(family)
        require_storable(family.session_id, family.issuer, family.subject, family.created_at, *changing)
        over = over_at(family)
        ended = family.ended_at is not None
        statement = self._statements.swap_ended if ended else self._statements.swap
        values = (
            *changing,
            tenant_key(family.issuer, family.tenant),
            secret_key(family.issuer, family.key_id),
            *((over, over) if ended else (over,)),
            session_key(family.session_id),
            subject_key(family.issuer, family.subject),
            family.created_at,
            expected_version,
        )
        return self._connections.execute(statement, values, writes=True).changed == 1

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes` and the store's time."""
        keys = tuple(map(scope_key, scopes))
        [(epoch, now)], _ = self._connections.execute(self._statements.highest_epoch(len(keys)), keys)
        return EpochReading(epoch or 0, self._time(now))

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch above every epoch its issuer ever had, and to now at least.

        Bumps of one issuer go one after the other, also those of different scopes.
        """
        require_storable(scope.issuer, scope.name)
        now, statements = self._now(), self._statements
        last = last_epoch_key(scope.issuer)
        named = (scope_key(scope), scope.issuer, scope.kind, scope.name)

        def bump(run: Run) -> int:
            run(statements.next_epoch, (last, scope.issuer, LAST_EPOCH, "", now))
            [(epoch,)], _ = run(statements.epoch_of_key, (last,))
            run(statements.set_epoch, (*named, epoch))
            return int(epoch)

        return self._connections.transact(bump)

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id until that time; a later `until` wins."""
        require_storable(issuer, token_id, until)
        values = (token_key(issuer, token_id), issuer, token_id, until)
        self._connections.execute(self._statements.deny, values, writes=True)

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator by one statement (see `jwtkit.stores.answers.revocation_status`)."""
        of_issuer = issuer_key(query.issuer)
        values = (
            of_issuer,
            tenant_key(query.issuer, query.tenant),
            subject_key(query.issuer, query.subject),
            None if query.session_id is None else session_key(query.session_id),
            of_issuer,
            None if query.id is None else token_key(query.issuer, query.id),
        )
        [(over, ended_at, epoch, until, now)], _ = self._connections.execute(self._statements.status, values)
        return revocation_status(
            query,
            session_over_at=over,
            session_ended=ended_at is not None,
            epoch=epoch,
            denied_until=until,
            now=self._time(now),
        )

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included."""
        values = (subject_key(issuer, subject), page_size(limit), page_size(offset))
        rows, _ = self._connections.execute(self._statements.list_subject, values)
        # One time for the whole page.
        now = self._time(rows[0][-1]) if rows else 0
        return [Snapshot(Family(*row[:-2]), row[-2], now) for row in rows]

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A time that has not come yet counts as now: what is not over is never removed. It works through
        transactions of at most 500 rows, and passes over rows that others hold (PostgreSQL, MariaDB, MySQL).
        """
        count = page_size(limit)
        before = max(0, min(before, self._now()))
        return purge_in_turn((self._purge_families, self._purge_denials), before, limit=count)

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return the rotation key ids of the issuer's living families (`jwtkit.refresh.SecretRegistry`)."""
        of_issuer = issuer_key(issuer)
        values = (of_issuer, of_issuer, of_issuer, self._now())
        rows, _ = self._connections.execute(self._statements.live_key_ids, values)
        return frozenset(key_id for (key_id,) in rows if key_id is not None)

    def close(self) -> None:
        """Close the connections; every later call is a `StoreUnavailableError` (``store.closed``)."""
        self._connections.close()

    def _purge_families(self, before: int, batch: int) -> tuple[int, bool]:
        """Look at the rows that are due; return how many were removed, and whether there may be more."""
        statements = self._statements

        def purge(run: Run) -> tuple[int, bool]:
            due, _ = run(statements.families_due, (before, batch))
            living = [key for key, over in due if over >= before]
            if living:
                run(statements.check_families_later(len(living)), living)
            over = [key for key, over in due if over < before]
            return _removed(run, statements.remove_families, over, before), len(due) == batch

        return self._connections.transact(purge)

    def _purge_denials(self, before: int, batch: int) -> tuple[int, bool]:
        statements = self._statements

        def purge(run: Run) -> tuple[int, bool]:
            due, _ = run(statements.denials_due, (before, batch))
            keys = [key for (key,) in due]
            return _removed(run, statements.remove_denials, keys, before), len(due) == batch

        return self._connections.transact(purge)

    def _now(self) -> int:
        if self._clock is not None:
            return store_time(self._clock)
        [(now,)], _ = self._connections.execute(self._statements.now)
        return int(now)

    def _time(self, of_server: int) -> int:
        return of_server if self._clock is None else store_time(self._clock)


class AsyncDjangoSessionStore(AwaitedStore[DjangoSessionStore], AsyncClosing):
    """A `DjangoSessionStore` for async views: the same statements, each call run by a thread.

    Django's database layer is not async yet, so this saves the event loop from waiting and nothing else: as
    many calls are under way at once as the loop's default executor has threads. They are not asgiref's one
    "thread sensitive" thread, in which sync views would wait for them. A call that is cancelled may still be
    carried out.

    Args:
        using: See `DjangoSessionStore`, as for the next one.
        clock: The store's time.

    Raises:
        ConfigurationError: See `DjangoSessionStore`.
    """

    def __init__(self, using: str = "default", *, clock: Callable[[], float] | None = None) -> None:
        super().__init__(DjangoSessionStore(using, clock=clock))

    async def aclose(self) -> None:
        """See `DjangoSessionStore.close`."""
        await self._run(self._store.close)

    async def _run(self, method: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await sync_to_async(method, thread_sensitive=False)(*args, **kwargs)


def _removed(run: Run, statement: Callable[[int], str], keys: list[Any], before: int) -> int:
    return run(statement(len(keys)), (*keys, before)).changed if keys else 0
