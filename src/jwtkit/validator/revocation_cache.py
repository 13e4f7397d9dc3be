"""RevocationCache: answers of a revocation source, kept for a moment, and what to do when it is down."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Generic, Literal, TypeVar

from jwtkit.errors import ConfigurationError, UnavailableError
from jwtkit.events import Observer, RevocationUnknown, notify
from jwtkit.forks import guard_forks
from jwtkit.revocation import AsyncRevocationSource, RevocationQuery, RevocationSource, RevocationStatus
from jwtkit.tokens.policy import read_duration
from jwtkit.validator.sources import REVOCATION, answers_awaited, may_block

__all__ = ["AsyncRevocationCache", "RevocationCache"]

S = TypeVar("S")

OnOutage = Literal["fail_closed", "fail_open"]


class _Answers(Generic[S]):
    """What was answered, and when the question was sent.

    By the time of asking, not of the answer: what was revoked while an answer was on its way must not be
    unknown for longer than was said.
    """

    def __init__(
        self,
        source: S,
        *,
        max_staleness: timedelta,
        max_entries: int = 10_000,
        on_outage: OnOutage = "fail_closed",
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not callable(getattr(source, "status", None)):
            raise ConfigurationError("source must have status(query), as a session store has")
        if type(max_entries) is not int or max_entries < 1:
            raise ConfigurationError("max_entries must be a positive number of answers")
        if on_outage not in ("fail_closed", "fail_open"):
            raise ConfigurationError('on_outage must be "fail_closed" or "fail_open"')
        if observer is not None and not callable(getattr(observer, "observe", None)):
            raise ConfigurationError("observer must have observe(event) (see jwtkit.events)")
        if clock is not None and not callable(clock):
            raise ConfigurationError("clock must be a callable giving seconds, such as time.monotonic")
        self._source = source
        self._max_staleness = read_duration(max_staleness, what="max_staleness", zero=True)
        self._max_entries = max_entries
        self._fails_open = on_outage == "fail_open"
        self._observer = observer
        self._clock = clock
        self._known: dict[RevocationQuery, tuple[float, RevocationStatus]] = {}
        self._start_lock()
        self._check_source()
        guard_forks(self, after_in_child=_Answers._start_lock)

    def _check_source(self) -> None:
        """Raise `ConfigurationError` for a source this cache cannot ask."""
        raise NotImplementedError

    def _start_lock(self) -> None:
        # Anew in a forked child: the thread that perhaps held it does not exist there.
        self._lock = Lock()

    def _now(self) -> float:
        return time.monotonic() if self._clock is None else self._clock()

    def _recall(self, query: RevocationQuery, now: float) -> RevocationStatus | None:
        asked_at, status = self._known.get(query, (now, None))
        return status if 0 <= now - asked_at < self._max_staleness else None

    def _keep(self, query: RevocationQuery, asked_at: float, status: RevocationStatus) -> None:
        if not self._max_staleness or not isinstance(status, RevocationStatus):
            return
        with self._lock:
            # Taken out first, so that what was asked last is also what is dropped last.
            known = self._known.pop(query, None)
            if known is not None and known[0] > asked_at:
                # The answer to a later question overtook this one.
                asked_at, status = known
            while len(self._known) >= self._max_entries:
                del self._known[next(iter(self._known))]
            self._known[query] = asked_at, status

    def _in_an_outage(self, query: RevocationQuery, error: UnavailableError) -> RevocationStatus:
        """Answer without the source, or raise its error.

        What is known to be revoked stays so however old the answer is: no token comes back to life.
        """
        _, status = self._known.get(query, (0.0, RevocationStatus.ACTIVE))
        if status is not RevocationStatus.ACTIVE:
            return status
        if not self._fails_open:
            raise error
        notify(self._observer, RevocationUnknown(time.time(), error.code, query.session_id, query.subject))
        return status

    def __repr__(self) -> str:
        outage = "fail_open" if self._fails_open else "fail_closed"
        kept = f"{outage}, {len(self._known)} kept"
        return f"{type(self).__name__}(max_staleness={self._max_staleness:g} s, {kept})"


class RevocationCache(_Answers[RevocationSource]):
    """A revocation source that asks another one, and keeps its answers for a stated time.

    It sits between a validator and a session store: ``TokenValidator(…, revocation=RevocationCache(store,
    max_staleness=timedelta(seconds=2)))``. A token that was revoked is refused at the latest that long
    afterwards, in every process; on the process that asks first, at once.

    Args:
        source: Who knows: a session store.
        max_staleness: How old an answer may be, counted from when the question was sent; zero keeps none.
        max_entries: How many answers to keep; the one asked for longest ago goes first.
        on_outage: ``fail_closed`` passes the source's `UnavailableError` on, which is answered 503.
            ``fail_open`` lets the token pass as if it stood, unless this very one was found revoked, and
            tells the observer: a service then stays up when its store is down, and a logout does not count
            until the store is back.
        observer: Is told of every token let through in an outage (`jwtkit.events.RevocationUnknown`).
        clock: Seconds that only grow; `time.monotonic` when None.

    Raises:
        ConfigurationError: A setting is missing or wrong, or the source must be awaited.
    """

    @property
    def blocking(self) -> bool:
        """Whether asking may wait, as its source says."""
        return may_block(self._source)

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Say whether the token still stands, as far as was known `max_staleness` ago or later.

        Raises:
            StoreUnavailableError: The source cannot be reached, and the cache fails closed.
        """
        asked_at = self._now()
        status = self._recall(query, asked_at)
        if status is not None:
            return status
        try:
            with REVOCATION:
                status = self._source.status(query)
        except UnavailableError as error:
            return self._in_an_outage(query, error)
        self._keep(query, asked_at, status)
        return status

    def _check_source(self) -> None:
        if answers_awaited(self._source):
            raise ConfigurationError("a source that is awaited needs an AsyncRevocationCache")


class AsyncRevocationCache(_Answers[AsyncRevocationSource]):
    """As `RevocationCache`, for a source that is awaited and an `AsyncTokenValidator`."""

    async def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Say whether the token still stands (see `RevocationCache.status`)."""
        asked_at = self._now()
        status = self._recall(query, asked_at)
        if status is not None:
            return status
        try:
            with REVOCATION:
                status = await self._source.status(query)
        except UnavailableError as error:
            return self._in_an_outage(query, error)
        self._keep(query, asked_at, status)
        return status

    def _check_source(self) -> None:
        if not answers_awaited(self._source):
            raise ConfigurationError("a source that is not awaited needs a RevocationCache")
