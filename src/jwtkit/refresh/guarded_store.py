"""A session store as the rotation core uses it: awaited, whatever kind it is, and raising only our errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from jwtkit.errors import Boundary, ConfigurationError, JWTKitError, StoreUnavailableError
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import AsyncSessionStore, EpochReading, EpochScope, SessionStore, Snapshot

__all__ = ["GuardedStore", "run_now"]

T = TypeVar("T")

_STORE: Final = Boundary(StoreUnavailableError, "the session store")

_METHODS: Final = (
    "insert",
    "read",
    "compare_and_swap",
    "epoch",
    "bump_epoch",
    "deny",
    "status",
    "list_subject",
    "purge",
)


class GuardedStore:
    """An `AsyncSessionStore` over any store: a sync one answers at once, an async one is awaited.

    A foreign exception becomes a `StoreUnavailableError` with the exception as its cause: whoever wrote
    the store, an outage of it is a 503 and never a refused login.

    Args:
        store: A session store, sync or async.
        is_async: Which of the two is expected.

    Raises:
        ConfigurationError: ``rotator.store``: it is not a session store, or one of the other kind.
    """

    __slots__ = ("_is_async", "_keeps_key_ids", "_store")

    def __init__(self, store: SessionStore | AsyncSessionStore, *, is_async: bool) -> None:
        missing = [name for name in _METHODS if not callable(getattr(store, name, None))]
        if missing or isinstance(store, type):
            raise ConfigurationError(
                "store must be a session store, such as MemorySessionStore()",
                code="rotator.store",
                hint=f"it lacks {', '.join(missing)}" if missing else "give an object, not its class",
            )
        keeps_key_ids = callable(getattr(store, "live_key_ids", None))
        methods = [*_METHODS, *(["live_key_ids"] if keeps_key_ids else [])]
        awaited = [name for name in methods if inspect.iscoroutinefunction(getattr(store, name))]
        if is_async and len(awaited) < len(methods):
            raise ConfigurationError(
                "this store blocks, and would stop the event loop",
                code="rotator.store",
                hint="use an async store, such as AsyncSQLiteSessionStore, or the sync RefreshRotator",
            )
        if awaited and not is_async:
            raise ConfigurationError(
                "this store is awaited", code="rotator.store", hint="use AsyncRefreshRotator, or a sync store"
            )
        self._store: Any = store
        self._is_async = is_async
        self._keeps_key_ids = keeps_key_ids

    async def insert(self, family: Family, /) -> None:
        """See `SessionStore.insert`."""
        await self._call(self._store.insert, family)

    async def read(self, session_id: str, /) -> Snapshot:
        """See `SessionStore.read`."""
        # Neither `_call` nor `with`, here and in the next: every refresh comes by.
        try:
            answer = self._store.read(session_id)
            snapshot: Snapshot = await answer if self._is_async else answer
        except Exception as error:
            if isinstance(error, JWTKitError):
                raise
            raise _STORE.translated(error) from error
        return snapshot

    async def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """See `SessionStore.compare_and_swap`."""
        try:
            answer = self._store.compare_and_swap(family, expected_version=expected_version)
            swapped: bool = await answer if self._is_async else answer
        except Exception as error:
            if isinstance(error, JWTKitError):
                raise
            raise _STORE.translated(error) from error
        return swapped

    async def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """See `SessionStore.epoch`."""
        reading: EpochReading = await self._call(self._store.epoch, scopes)
        return reading

    async def bump_epoch(self, scope: EpochScope, /) -> int:
        """See `SessionStore.bump_epoch`."""
        epoch: int = await self._call(self._store.bump_epoch, scope)
        return epoch

    async def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """See `SessionStore.deny`."""
        await self._call(self._store.deny, issuer, token_id, until=until)

    async def list_subject(self, issuer: str, subject: str, /, *, limit: int, offset: int) -> list[Snapshot]:
        """See `SessionStore.list_subject`."""
        page: list[Snapshot] = await self._call(
            self._store.list_subject, issuer, subject, limit=limit, offset=offset
        )
        return page

    async def purge(self, before: int, /, *, limit: int) -> int:
        """See `SessionStore.purge`."""
        removed: int = await self._call(self._store.purge, before, limit=limit)
        return removed

    async def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """See `SecretRegistry.live_key_ids`; empty for a store that keeps no such record."""
        if not self._keeps_key_ids:
            return frozenset()
        key_ids: frozenset[str] = await self._call(self._store.live_key_ids, issuer)
        return key_ids

    async def _call(self, method: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        with _STORE:
            answer = method(*arguments, **named)
            return await answer if self._is_async else answer


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to its end a coroutine that awaits nothing which waits; how sync callers use the async core."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    coroutine.close()
    raise ConfigurationError(
        "something in a sync rotator waited for an event loop; use AsyncRefreshRotator",
        code="rotator.awaited",
    )
