"""Sessions in the memory of one process: for tests, development and single-process services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from threading import Lock
from typing import Final, Literal, ParamSpec, TypeVar

from jwtkit.forks import guard_forks
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.awaited import AwaitedStore
from jwtkit.stores.bounds import checked_clock, page_size, require_storable, store_time
from jwtkit.stores.failures import duplicate
from jwtkit.stores.rows import identity_of

__all__ = ["AsyncMemorySessionStore", "MemorySessionStore"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_Entry = tuple[int, Literal["family", "denial"], tuple[str, ...]]


class MemorySessionStore:
    """A `jwtkit.refresh.SessionStore` that forgets everything when the process ends.

    One process only: a second worker, or a forked child, has sessions of its own and answers
    ``invalid_grant`` to everyone else's. Safe for any number of threads. It grows until `purge` is called.

    Args:
        clock: The store's time, a callable giving seconds since the epoch; None for `time.time`.
    """

    blocking: Final = False
    """It never waits for a disk or a network, so async code may ask it too."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        self._clock = checked_clock(clock)
        self._start_lock()
        self._families: dict[str, Family] = {}
        self._by_subject: dict[tuple[str, str], set[str]] = {}
        self._epochs: dict[EpochScope, int] = {}
        self._latest_epochs: dict[str, int] = {}
        self._denials: dict[tuple[str, str], int] = {}
        # What to look at when purging, soonest first. An entry is never later than the truth, so a rotation,
        # which only ever puts a family's end off, leaves it alone.
        self._agenda: list[_Entry] = []
        guard_forks(self, after_in_child=MemorySessionStore._start_lock)

    def insert(self, family: Family, /) -> None:
        """Add a new family.

        Raises:
            StoreUnavailableError: ``store.duplicate``: the session id is taken.
            ConfigurationError: ``store.unstorable``: see `jwtkit.refresh.protocols.SessionStore`.
        """
        require_storable(*family)
        with self._lock:
            if family.session_id in self._families:
                raise duplicate()
            self._families[family.session_id] = family
            self._by_subject.setdefault((family.issuer, family.subject), set()).add(family.session_id)
            heappush(self._agenda, (over_at(family), "family", (family.session_id,)))

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family, the highest epoch that applies to it and the store's time."""
        with self._lock:
            family = self._families.get(session_id)
            return Snapshot(family, 0 if family is None else self._epoch_of(family), self._now())

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        The issuer, subject and time of login of a family never change: a row that differs in them is
        not the one meant, and is left alone.
        """
        require_storable(*family)
        with self._lock:
            row = self._families.get(family.session_id)
            if row is None or row.version != expected_version or identity_of(row) != identity_of(family):
                return False
            self._families[family.session_id] = family
            if over_at(family) < over_at(row):
                heappush(self._agenda, (over_at(family), "family", (family.session_id,)))
            return True

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes` and the store's time."""
        with self._lock:
            return EpochReading(self._highest(scopes), self._now())

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch above every epoch its issuer ever had, and to now at least."""
        require_storable(scope.issuer, scope.name)
        with self._lock:
            epoch = max(self._now(), self._latest_epochs.get(scope.issuer, 0) + 1)
            self._epochs[scope] = self._latest_epochs[scope.issuer] = epoch
            return epoch

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id until that time; a later `until` wins."""
        require_storable(issuer, token_id, until)
        key = (issuer, token_id)
        with self._lock:
            known = self._denials.get(key)
            self._denials[key] = until if known is None else max(until, known)
            if known is None:
                heappush(self._agenda, (until, "denial", key))

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator (see `jwtkit.stores.answers.revocation_status`)."""
        with self._lock:
            family = None if query.session_id is None else self._families.get(query.session_id)
            if family is None or family.issuer != query.issuer:
                family = None
                applying = EpochScope.applying_to(query.issuer, subject=query.subject, tenant=query.tenant)
                epoch = self._highest(applying)
            else:
                epoch = self._epoch_of(family)
            return revocation_status(
                query,
                session_over_at=None if family is None else over_at(family),
                session_ended=family is not None and family.ended_at is not None,
                epoch=epoch,
                denied_until=None if query.id is None else self._denials.get((query.issuer, query.id)),
                now=self._now(),
            )

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included."""
        first, count = page_size(offset), page_size(limit)
        with self._lock:
            families = [self._families[key] for key in self._by_subject.get((issuer, subject), ())]
            families.sort(key=lambda family: (-family.created_at, family.session_id))
            now = self._now()
            return [
                Snapshot(family, self._epoch_of(family), now) for family in families[first : first + count]
            ]

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A time that has not come yet counts as now: what is not over is never removed.
        """
        count = page_size(limit)
        removed = 0
        with self._lock:
            before = min(before, self._now())
            while removed < count and self._agenda and self._agenda[0][0] < before:
                _, kind, key = heappop(self._agenda)
                over = self._over_at(kind, key)
                if over is None:
                    continue
                if over >= before:
                    heappush(self._agenda, (over, kind, key))
                    continue
                self._remove(kind, key)
                removed += 1
        return removed

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return the rotation key ids of the issuer's living families (`jwtkit.refresh.SecretRegistry`)."""
        with self._lock:
            now = self._now()
            return frozenset(
                family.key_id
                for family in self._families.values()
                if family.issuer == issuer and over_at(family) > now
            )

    def _start_lock(self) -> None:
        # Anew in a forked child: the thread that perhaps held it does not exist there.
        self._lock = Lock()

    def _now(self) -> int:
        return store_time(self._clock)

    def _highest(self, scopes: Sequence[EpochScope]) -> int:
        return max((self._epochs.get(scope, 0) for scope in scopes), default=0)

    def _epoch_of(self, family: Family) -> int:
        return self._highest(
            EpochScope.applying_to(family.issuer, subject=family.subject, tenant=family.tenant)
        )

    def _over_at(self, kind: Literal["family", "denial"], key: tuple[str, ...]) -> int | None:
        if kind == "denial":
            return self._denials.get((key[0], key[1]))
        family = self._families.get(key[0])
        return None if family is None else over_at(family)

    def _remove(self, kind: Literal["family", "denial"], key: tuple[str, ...]) -> None:
        if kind == "denial":
            del self._denials[key[0], key[1]]
            return
        family = self._families.pop(key[0])
        subject = (family.issuer, family.subject)
        self._by_subject[subject].discard(family.session_id)
        if not self._by_subject[subject]:
            del self._by_subject[subject]


class AsyncMemorySessionStore(AwaitedStore[MemorySessionStore]):
    """A `MemorySessionStore` for async callers; it never waits, so nothing is handed to a thread.

    Args:
        clock: The store's time, a callable giving seconds since the epoch; None for `time.time`.
    """

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        super().__init__(MemorySessionStore(clock=clock))

    async def _run(self, method: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return method(*args, **kwargs)
