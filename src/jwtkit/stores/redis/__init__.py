"""The session store in Redis or Valkey, on one server or in a cluster.

::

    store = RedisSessionStore("redis://sessions.internal:6379/0")
    store = AsyncRedisSessionStore(redis.asyncio.RedisCluster(host="sessions.internal"))

Needs the extra ``jwtkit[redis]``.
"""

from __future__ import annotations

from importlib.util import find_spec

from jwtkit.errors import ConfigurationError

if find_spec("redis") is None:
    raise ConfigurationError(
        "jwtkit.stores.redis needs redis-py", code="store.extra", hint="pip install 'jwtkit[redis]'"
    )

from jwtkit.stores.redis.store import AsyncRedisSessionStore, RedisSessionStore

__all__ = ["AsyncRedisSessionStore", "RedisSessionStore"]
