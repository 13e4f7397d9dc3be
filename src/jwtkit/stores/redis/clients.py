"""The client of redis-py's that a store was given, or one made for a URL."""

from __future__ import annotations

from typing import Any, Final

from jwtkit.errors import ConfigurationError
from jwtkit.stores.redis.errors import at_run_time
from jwtkit.stores.redis.servers import AsyncCluster, AsyncServer, Cluster, Server, Servers

__all__ = ["async_servers", "sync_servers"]

_SECONDS: Final = 5.0
"""How long a call waits for a server, unless the URL says otherwise."""


def sync_servers(client: object, *, cluster: bool) -> tuple[Servers, bool]:
    """Return how to reach the servers, and whether the client is the store's own.

    Raises:
        ConfigurationError: ``store.client`` or ``store.url``.
        StoreUnavailableError: The cluster of a URL cannot be reached.
    """
    import redis

    if isinstance(client, str):
        made = _from_url(redis.RedisCluster if cluster else redis.Redis, client, cluster=cluster)
        return (Cluster(made) if cluster else Server(made)), True
    if isinstance(client, redis.RedisCluster):
        return Cluster(client), False
    if isinstance(client, redis.Redis):
        return Server(client), False
    raise _wrong_client("redis.Redis or redis.RedisCluster")


def async_servers(client: object, *, cluster: bool) -> tuple[Servers, bool]:
    """As `sync_servers`, for ``redis.asyncio``."""
    import redis.asyncio

    if isinstance(client, str):
        kind: Any = redis.asyncio.RedisCluster if cluster else redis.asyncio.Redis
        made = _from_url(kind, client, cluster=cluster)
        return (AsyncCluster(made) if cluster else AsyncServer(made)), True
    if isinstance(client, redis.asyncio.RedisCluster):
        return AsyncCluster(client), False
    if isinstance(client, redis.asyncio.Redis):
        return AsyncServer(client), False
    raise _wrong_client("redis.asyncio.Redis or redis.asyncio.RedisCluster")


def _from_url(kind: Any, url: str, *, cluster: bool) -> Any:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Twice at most, and at once: one connection that was cut need not fail a request, and a server that is
    # down is to be known by it soon. That a write may be sent twice does no harm (see the scripts).
    options: dict[str, Any] = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
    retry: Any = Retry(NoBackoff(), 1)
    if kind.__module__.startswith("redis.asyncio"):
        from redis.asyncio.retry import Retry as AsyncRetry

        retry = AsyncRetry(NoBackoff(), 1)
    try:
        made = kind.from_url(url, retry=retry, **options)
        if not cluster:
            # Else an option that does not exist would be noticed at the first call.
            made.connection_pool.connection_class(**made.connection_pool.connection_kwargs)
        return made
    except (ValueError, TypeError):
        # Its text quotes what it was given.
        raise ConfigurationError(
            'the URL of the session store cannot be used: expected one such as "redis://host:6379/0"',
            code="store.url",
        ) from None
    except Exception as error:
        raise at_run_time(error) from (None if not cluster else error)


def _wrong_client(expected: str) -> ConfigurationError:
    return ConfigurationError(
        f"expected a {expected} of redis-py, or a URL",
        code="store.client",
        hint="sync clients are for RedisSessionStore, those of redis.asyncio for AsyncRedisSessionStore",
    )
