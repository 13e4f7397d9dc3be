"""What is done to sessions apart from trading their tokens: ending, listing, counting, removing them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal

from jwtkit.errors import ConfigurationError, ContentionError, StoreUnavailableError
from jwtkit.events import Event, Observer, SessionEnded, SessionsEnded, notify
from jwtkit.refresh.decision import NONCE_SIZE, end, ended_by
from jwtkit.refresh.family import EndReason, Family
from jwtkit.refresh.guarded_store import GuardedStore
from jwtkit.refresh.policy import milliseconds
from jwtkit.refresh.protocols import EpochScope, Snapshot
from jwtkit.refresh.session import Session, session_of
from jwtkit.tokens.claims import is_text

__all__ = ["ATTEMPTS", "LiveSessions"]

ATTEMPTS: Final = 8
"""How often a lost swap is decided anew before the client is asked to come again."""

_PAGE: Final = 100


class LiveSessions:
    """The sessions of one issuer in one store, with every wait spelt ``await``.

    Args:
        issuer: Whose sessions; those of other issuers in the same store are left alone.
        store: Where they are.
        observer: Told of every end.
        clock: The time of events, in seconds.
        random_bytes: Draws so many random bytes.
    """

    __slots__ = ("_clock", "_observer", "_random_bytes", "issuer", "observed", "store")

    def __init__(
        self,
        *,
        issuer: str,
        store: GuardedStore,
        observer: Observer | None,
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.issuer: Final = issuer
        self.store: Final = store
        self._observer = observer
        self.observed: Final = observer is not None
        self._clock = clock
        self._random_bytes = random_bytes

    async def end(self, session_id: str, reason: EndReason, *, subject: str | None = None) -> bool:
        """End one session.

        Args:
            session_id: Which; an unknown one is no error.
            reason: Why.
            subject: End it only when it belongs to this subject.

        Returns:
            Whether it was there and had not been ended before.

        Raises:
            StoreUnavailableError: The store cannot be reached; the session may still be alive.
            ContentionError: Others wrote to it each time.
        """
        outcome_unknown = False
        nonce = self._random_bytes(NONCE_SIZE)
        for _ in range(ATTEMPTS):
            snapshot = await self.store.read(session_id)
            family = snapshot.family
            if family is None or family.issuer != self.issuer:
                return False
            if subject is not None and family.subject != subject:
                return False
            if family.ended_at is None:
                ended = end(family, now=max(snapshot.now, family.used_at), reason=reason, nonce=nonce)
                try:
                    if not await self.store.compare_and_swap(ended, expected_version=family.version):
                        continue
                except StoreUnavailableError:
                    outcome_unknown = True
                    continue
            elif not (outcome_unknown and ended_by(nonce, family)):
                return False
            self.tell(SessionEnded(self._clock(), family.session_id, family.subject, reason))
            return True
        if outcome_unknown:
            raise StoreUnavailableError("the session store did not confirm the end of the session; try again")
        raise ContentionError("the session changed faster than it could be ended; try again")

    async def of_subject(self, subject: str, *, limit: int | None = None, offset: int = 0) -> list[Session]:
        """Return the subject's live sessions, newest login first.

        Args:
            subject: Whose.
            limit: How many at most; None for all.
            offset: How many live ones to pass over first.

        Raises:
            ConfigurationError: ``rotator.page``: one of the two is no number from 0.
        """
        _require_texts(subject)
        for number in (offset, 0 if limit is None else limit):
            if type(number) is not int or number < 0:
                raise ConfigurationError(
                    "limit and offset count sessions: expected integers from 0", code="rotator.page"
                )
        families = await self._live(subject, most=None if limit is None else offset + limit)
        return [session_of(family) for family in families[offset:]]

    async def ids(self, subject: str) -> frozenset[str]:
        """Return the ids of the subject's live sessions."""
        return frozenset(family.session_id for family in await self._live(subject))

    async def displace(self, newest: Family, *, keep: int, before: frozenset[str]) -> None:
        """End the oldest sessions of a subject until `keep` are left, the one just started among them.

        Only those that are surely older: of two logins at once each would end the other, and nobody were
        left. So a few too many may stay until the next login.

        Args:
            newest: The session just started.
            keep: How many may be alive.
            before: The sessions that were there before; the clock may say otherwise.
        """
        live = await self._live(newest.subject)
        older = [
            family for family in live if family.session_id in before or family.created_at < newest.created_at
        ]
        meanwhile = len(live) - len(older)
        for family in older[max(0, keep - meanwhile) :]:
            await self.end(family.session_id, "displaced")

    async def epoch(self, subject: str, tenant: str | None) -> int:
        """Return the revocation epoch that applies to a subject who logs in now."""
        # Only that they are texts: which, a stranger may have typed into a form of login.
        _require_texts(subject, "" if tenant is None else tenant)
        scopes = EpochScope.applying_to(self.issuer, subject=subject, tenant=tenant)
        return (await self.store.epoch(scopes)).epoch

    async def log_out(self, kind: Literal["all", "tenant", "subject"], name: str = "") -> int:
        """End every session of a scope begun so far, by one write; return the new epoch."""
        if kind != "all":
            _require_texts(name, named=True)
        epoch = await self.store.bump_epoch(EpochScope(self.issuer, kind, name))
        self.tell(SessionsEnded(self._clock(), kind, name, epoch))
        return epoch

    async def purge(self, older_than: timedelta, limit: int) -> int:
        """Remove at most `limit` families and denials that have been over for `older_than`."""
        if not isinstance(older_than, timedelta) or older_than < timedelta(0):
            raise ConfigurationError(
                "older_than must be a timedelta that is not negative", code="rotator.purge"
            )
        now = (await self.store.epoch([EpochScope(self.issuer, "all")])).now
        return await self.store.purge(now - milliseconds(older_than), limit=limit)

    def tell(self, event: Event) -> None:
        """Tell the observer; called after what it tells has been committed."""
        notify(self._observer, event)

    async def _live(self, subject: str, *, most: int | None = None) -> list[Family]:
        """Return the first `most` live families of a subject, newest login first; None for all."""
        live: list[Family] = []
        offset = 0
        while True:
            page = await self.store.list_subject(self.issuer, subject, limit=_PAGE, offset=offset)
            live += [
                snapshot.family
                for snapshot in page
                if snapshot.family and _is_live(snapshot.family, snapshot)
            ]
            if len(page) < _PAGE or (most is not None and len(live) >= most):
                return live[:most]
            offset += _PAGE


def _require_texts(*names: object, named: bool = False) -> None:
    """Refuse what no session can be of: to log out the user 42, and not "42", would end nothing, silently.

    Raises:
        ConfigurationError: ``rotator.argument``.
    """
    if not all(is_text(name) if named else isinstance(name, str) for name in names):
        raise ConfigurationError(
            "a subject or a tenant must be a text, the one that start() was given", code="rotator.argument"
        )


def _is_live(family: Family, snapshot: Snapshot) -> bool:
    expires_at = min(family.idle_expires_at, family.absolute_expires_at)
    return family.ended_at is None and family.epoch >= snapshot.epoch and snapshot.now < expires_at
