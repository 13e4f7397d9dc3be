"""Sessions in Redis or Valkey: for services of many machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from jwtkit.refresh.family import Family
from jwtkit.refresh.guarded_store import run_now
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.closing import AsyncClosing, Closing
from jwtkit.stores.redis.clients import async_servers, sync_servers
from jwtkit.stores.redis.link import Link
from jwtkit.stores.redis.sessions import Sessions

if TYPE_CHECKING:
    import redis
    import redis.asyncio

__all__ = ["AsyncRedisSessionStore", "RedisSessionStore"]

_RETENTION: Final = timedelta(days=1)


class RedisSessionStore(Closing):
    """A `jwtkit.refresh.SessionStore` in Redis 7 or newer, or Valkey: one server, or a cluster.

    Give it a server, or a database number, of its own. The server must keep what it was given: it is asked
    before the first call whether it evicts keys, and refused if it does. Sessions leave by themselves a while
    after their absolute expiry; `purge` removes what is over earlier.

    Args:
        client: A ``redis.Redis`` or ``redis.RedisCluster``, which stays the caller's to close, or a URL as
            redis-py takes it (``redis://``, ``rediss://``, ``unix://``).
        prefix: What every key begins with, so that several services can share a server.
        clock: The store's time, a callable giving seconds since the epoch; None for the servers' own.
        cluster: The URL is that of a cluster.
        retention: How long a session is kept after its absolute expiry, and a denial after its end.
        assume_noeviction: The server never evicts keys, although it does not say so.

    Raises:
        ConfigurationError: A setting is out of range, or (``store.client``, ``store.url``) the client or
            URL cannot be used.
        StoreUnavailableError: A cluster named by a URL cannot be reached.
    """

    def __init__(
        self,
        client: redis.Redis | redis.RedisCluster | str,
        *,
        prefix: str = "jwtkit:",
        clock: Callable[[], float] | None = None,
        cluster: bool = False,
        retention: timedelta = _RETENTION,
        assume_noeviction: bool = False,
    ) -> None:
        servers, owned = sync_servers(client, cluster=cluster)
        link = Link(servers, assume_noeviction=assume_noeviction, owned=owned)
        self._sessions = Sessions(link, prefix=prefix, clock=clock, retention=retention)

    def check(self) -> None:
        """Ask the servers whether they are fit to keep sessions; done before the first call in any case.

        Raises:
            ConfigurationError: ``store.eviction``: a server evicts keys, or does not say;
                ``store.version``: it is too old; ``store.cluster``: it needs a cluster client.
            StoreUnavailableError: A server cannot be reached, or (``store.behind``) is a replica.
        """
        run_now(self._sessions.link.check())

    def insert(self, family: Family, /) -> None:
        """Add a new family.

        Raises:
            StoreUnavailableError: ``store.duplicate``: the session id is taken.
            ConfigurationError: ``store.unstorable``: a text or number no store keeps.
        """
        run_now(self._sessions.insert(family))

    def read(self, session_id: str, /) -> Snapshot:
        """Read one family, the highest epoch that applies to it and the store's time."""
        return run_now(self._sessions.read(session_id))

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """Replace the row if its version is still `expected_version`; say whether it was.

        The issuer, subject and time of login of a family never change: a row that differs in them is
        not the one meant, and is left alone.
        """
        return run_now(self._sessions.compare_and_swap(family, expected_version=expected_version))

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """Read the highest epoch among `scopes` and the store's time."""
        return run_now(self._sessions.epoch(scopes))

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """Set the scope's epoch above every epoch its issuer ever had, and to now at least."""
        return run_now(self._sessions.bump_epoch(scope))

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """Deny one access token id until that time; a later `until` wins."""
        run_now(self._sessions.deny(issuer, token_id, until=until))

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Answer a validator (see `jwtkit.stores.answers.revocation_status`)."""
        return run_now(self._sessions.status(query))

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """Return the subject's families, newest login first, ended and expired ones included."""
        return run_now(self._sessions.list_subject(issuer, subject, limit=limit, offset=offset))

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """Remove at most `limit` families and denials that were over before that time; say how many.

        A time that has not come yet counts as now: what is not over is never removed. Every key is looked
        at, in small steps; a call that stops at its limit is taken up by the next one of this store.
        """
        return run_now(self._sessions.purge(before, limit=limit))

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """Return the rotation key ids of the issuer's living families (`jwtkit.refresh.SecretRegistry`)."""
        return run_now(self._sessions.live_key_ids(issuer))

    def close(self) -> None:
        """Close the store, and its client if it was given a URL; later calls are `StoreUnavailableError`."""
        run_now(self._sessions.link.close())

    def __repr__(self) -> str:
        return _described(self, self._sessions)


class AsyncRedisSessionStore(AsyncClosing):
    """A `RedisSessionStore` for async callers, over a client of ``redis.asyncio``; nothing runs in a thread.

    A call that is cancelled while it waits may still be carried out. As its client, it belongs to the event
    loop it was first used in.

    Args:
        client: A ``redis.asyncio.Redis`` or ``redis.asyncio.RedisCluster``, which stays the caller's to
            close, or a URL.
        prefix: See `RedisSessionStore`, as for the rest.
        clock: The store's time.
        cluster: The URL is that of a cluster.
        retention: How long a session is kept after its absolute expiry.
        assume_noeviction: The server never evicts keys, although it does not say so.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis | redis.asyncio.RedisCluster | str,
        *,
        prefix: str = "jwtkit:",
        clock: Callable[[], float] | None = None,
        cluster: bool = False,
        retention: timedelta = _RETENTION,
        assume_noeviction: bool = False,
    ) -> None:
        servers, owned = async_servers(client, cluster=cluster)
        link = Link(servers, assume_noeviction=assume_noeviction, owned=owned)
        self._sessions = Sessions(link, prefix=prefix, clock=clock, retention=retention)

    async def check(self) -> None:
        """See `RedisSessionStore.check`."""
        await self._sessions.link.check()

    async def insert(self, family: Family, /) -> None:
        """See `RedisSessionStore.insert`."""
        await self._sessions.insert(family)

    async def read(self, session_id: str, /) -> Snapshot:
        """See `RedisSessionStore.read`."""
        return await self._sessions.read(session_id)

    async def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """See `RedisSessionStore.compare_and_swap`."""
        return await self._sessions.compare_and_swap(family, expected_version=expected_version)

    async def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """See `RedisSessionStore.epoch`."""
        return await self._sessions.epoch(scopes)

    async def bump_epoch(self, scope: EpochScope, /) -> int:
        """See `RedisSessionStore.bump_epoch`."""
        return await self._sessions.bump_epoch(scope)

    async def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """See `RedisSessionStore.deny`."""
        await self._sessions.deny(issuer, token_id, until=until)

    async def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """See `RedisSessionStore.status`."""
        return await self._sessions.status(query)

    async def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """See `RedisSessionStore.list_subject`."""
        return await self._sessions.list_subject(issuer, subject, limit=limit, offset=offset)

    async def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """See `RedisSessionStore.purge`."""
        return await self._sessions.purge(before, limit=limit)

    async def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """See `RedisSessionStore.live_key_ids`."""
        return await self._sessions.live_key_ids(issuer)

    async def aclose(self) -> None:
        """See `RedisSessionStore.close`."""
        await self._sessions.link.close()

    def __repr__(self) -> str:
        return _described(self, self._sessions)


def _described(store: object, sessions: Sessions) -> str:
    # Not the client: its own repr may say where it connects.
    return f"{type(store).__name__}(prefix={sessions.keys.prefix!r}, cluster={sessions.link.is_cluster})"
