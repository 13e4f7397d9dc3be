"""The awaited face of a plain session store, written once for every way of running it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec, Protocol, TypeVar

from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, SecretRegistry, SessionStore, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus

__all__ = ["AwaitedStore"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _PlainStore(SessionStore, SecretRegistry, Protocol):
    """What every store of this package can do."""


_S = TypeVar("_S", bound=_PlainStore)


class AwaitedStore(ABC, Generic[_S]):
    """An `AsyncSessionStore` each of whose methods runs the method of the same name of a plain store.

    Args:
        store: The store that does the work.
    """

    def __init__(self, store: _S) -> None:
        self._store = store

    @abstractmethod
    async def _run(self, method: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call `method` where its waiting does not stop the event loop."""

    async def insert(self, family: Family, /) -> None:
        """See `SessionStore.insert`."""
        await self._run(self._store.insert, family)

    async def read(self, session_id: str, /) -> Snapshot:
        """See `SessionStore.read`."""
        return await self._run(self._store.read, session_id)

    async def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """See `SessionStore.compare_and_swap`."""
        return await self._run(self._store.compare_and_swap, family, expected_version=expected_version)

    async def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """See `SessionStore.epoch`."""
        return await self._run(self._store.epoch, scopes)

    async def bump_epoch(self, scope: EpochScope, /) -> int:
        """See `SessionStore.bump_epoch`."""
        return await self._run(self._store.bump_epoch, scope)

    async def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """See `SessionStore.deny`."""
        await self._run(self._store.deny, issuer, token_id, until=until)

    async def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """See `SessionStore.status`."""
        return await self._run(self._store.status, query)

    async def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """See `SessionStore.list_subject`."""
        return await self._run(self._store.list_subject, issuer, subject, limit=limit, offset=offset)

    async def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """See `SessionStore.purge`."""
        return await self._run(self._store.purge, before, limit=limit)

    async def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """See `SecretRegistry.live_key_ids`."""
        return await self._run(self._store.live_key_ids, issuer)
