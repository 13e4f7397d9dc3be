"""What jwtkit asks of a session store, sync and async.

Every call is one committed unit on the primary: when it returns the change is durable, when it raises
`StoreUnavailableError` the outcome of a write may be unknown and the caller reads again. A store makes
no decision beyond comparing a version: all rules live in `jwtkit.refresh`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from jwtkit.refresh.family import Family
from jwtkit.revocation import RevocationQuery, RevocationStatus

__all__ = [
    "AsyncSecretRegistry",
    "AsyncSessionStore",
    "EpochReading",
    "EpochScope",
    "SecretRegistry",
    "SessionStore",
    "Snapshot",
]


@dataclass(frozen=True, slots=True)
class EpochScope:
    """Whom a "log everyone out" concerns: everyone of an issuer, a tenant, or one subject.

    Attributes:
        issuer: The issuer whose sessions it concerns.
        kind: ``all``, ``tenant`` or ``subject``.
        name: The tenant or subject; empty for ``all``.
    """

    issuer: str
    kind: Literal["all", "tenant", "subject"]
    name: str = ""

    @classmethod
    def applying_to(cls, issuer: str, *, subject: str | None, tenant: str | None) -> tuple[EpochScope, ...]:
        """Return every scope that applies to a session of `subject` in `tenant`."""
        scopes = [cls(issuer, "all")]
        if tenant is not None:
            scopes.append(cls(issuer, "tenant", tenant))
        if subject is not None:
            scopes.append(cls(issuer, "subject", subject))
        return tuple(scopes)


@dataclass(frozen=True, slots=True)
class EpochReading:
    """The highest epoch among the scopes asked for (0 when none was ever set), and the store's time.

    Both are integer milliseconds.
    """

    epoch: int
    now: int


class Snapshot(NamedTuple):
    """A family with the highest epoch that applies to it and the store's time, read as one.

    `family` is None when there is no such row; `epoch` is then 0. Times are integer milliseconds.
    """

    family: Family | None
    epoch: int
    now: int


class SessionStore(Protocol):
    """Keeps families, epochs and denied token ids. The contract suite in `jwtkit.testing` is its law.

    Every method raises `StoreUnavailableError` when the store cannot be reached (`ContentionError` when
    other writers kept it busy and nothing was written), and no foreign exception. A text with a NUL or a
    lone surrogate, or an integer of more than 64 bits, is a `ConfigurationError` (``store.unstorable``) when
    written and never found when looked for; a negative limit or offset is one too (``store.page``).
    """

    def insert(self, family: Family, /) -> None:
        """Add a new family (version 1).

        An existing `session_id` is a `StoreUnavailableError` (``store.duplicate``).
        """

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family from the primary, its epoch and the store's time."""
        ...

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        Versions are random numbers of up to 63 bits and in no order: compare them for equality. The issuer,
        subject and `created_at` of a family never change.
        """
        ...

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes`."""
        ...

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch to ``max(now, last + 1)`` and return it; never goes back.

        `last` is the highest epoch of the issuer in any scope. Compared with the scope's own last one only,
        an epoch set in the same millisecond as another, or after the clock was set back, would fail to cut
        off a session whose epoch came from that other scope.
        """
        ...

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id up to, and not including, that time; a later `until` wins."""

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator in one round trip (see `jwtkit.revocation`).

        The session's own row says its subject and tenant where it is known.
        """
        ...

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included.

        Those of the same time come in the order of their ids.
        """
        ...

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A family is over at the earliest of its absolute expiry, its idle expiry and its end. A time that has
        not come yet counts as now: what is not over is never removed. Epochs are kept for good.
        """
        ...


class AsyncSessionStore(Protocol):
    """As `SessionStore`, awaited; the same contract suite is its law."""

    async def insert(self, family: Family, /) -> None:
        """See `SessionStore.insert`."""

    async def read(self, session_id: str, /) -> Snapshot:
        """See `SessionStore.read`."""
        ...

    async def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """See `SessionStore.compare_and_swap`."""
        ...

    async def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """See `SessionStore.epoch`."""
        ...

    async def bump_epoch(self, scope: EpochScope, /) -> int:
        """See `SessionStore.bump_epoch`."""
        ...

    async def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """See `SessionStore.deny`."""

    async def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """See `SessionStore.status`."""
        ...

    async def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """See `SessionStore.list_subject`."""
        ...

    async def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """See `SessionStore.purge`."""
        ...


@runtime_checkable
class SecretRegistry(Protocol):
    """A session store that knows which rotation secrets its live families were made with.

    Optional, and meant for every store that outlives the process. A service started with the wrong
    rotation secret would answer ``invalid_grant`` to every client, and each would throw its session
    away: a rotator asks first and refuses to start (`ConfigurationError`, ``rotation_secret.unknown``).
    """

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return every `Family.key_id` under which `issuer` has a family that is not over.

        Over is what `SessionStore.purge` says, by the store's time. More ids than needed may be
        returned (a family that has just ended); one that is needed never fails to be.

        Raises:
            StoreUnavailableError: The store cannot be reached now.
        """
        ...


@runtime_checkable
class AsyncSecretRegistry(Protocol):
    """As `SecretRegistry`, awaited."""

    async def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """See `SecretRegistry.live_key_ids`."""
        ...
