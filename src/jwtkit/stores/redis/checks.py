"""What a server must be to keep sessions: a primary of Redis 7 or Valkey that never throws a key away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.stores.redis.errors import needs_cluster_client
from jwtkit.stores.redis.servers import Servers

__all__ = ["check_servers"]

_LOWEST_VERSION: Final = 7


async def check_servers(servers: Servers, *, assume_noeviction: bool) -> None:
    """Ask every primary what it is.

    Raises:
        ConfigurationError: ``store.eviction``, ``store.version`` or ``store.cluster``.
        StoreUnavailableError: ``store.behind``: it is a replica now.
    """
    from redis.exceptions import ResponseError

    for primary in await servers.primaries():
        try:
            info = await servers.ask(primary, "INFO")
        except ResponseError:
            info = {}  # forbidden to this user
        _check_version(info)
        _check_role(info, is_cluster=servers.is_cluster)
        if not assume_noeviction:
            policy = _line(info, "maxmemory_policy") or await _configured_policy(servers, primary)
            _check_policy(policy)


async def _configured_policy(servers: Servers, primary: Any) -> str:
    from redis.exceptions import ResponseError

    try:
        found = await servers.ask(primary, "CONFIG GET", "maxmemory-policy")
    except ResponseError:
        return ""
    return _line(found, "maxmemory-policy")


def _check_policy(policy: str) -> None:
    if policy == "noeviction":
        return
    if not policy:
        raise ConfigurationError(
            "the server does not say whether it evicts keys when its memory is full",
            code="store.eviction",
            hint="where its provider says that maxmemory-policy is noeviction, pass assume_noeviction=True",
        )
    # An evicted row is a user logged out, an evicted epoch or denial is a logout undone.
    raise ConfigurationError(
        f"the server evicts keys when its memory is full (maxmemory-policy is {policy})",
        code="store.eviction",
        hint="set maxmemory-policy to noeviction, and give caches a server of their own",
    )


def _check_version(info: Mapping[Any, Any]) -> None:
    version = _line(info, "redis_version")
    number = version.partition(".")[0]
    if number.isdigit() and int(number) < _LOWEST_VERSION:
        raise ConfigurationError(
            f"the session store needs Redis 7 or newer, or Valkey; this server is {version}",
            code="store.version",
        )


def _check_role(info: Mapping[Any, Any], *, is_cluster: bool) -> None:
    if _line(info, "cluster_enabled") == "1" and not is_cluster:
        raise needs_cluster_client()
    if _line(info, "role") in ("slave", "replica"):
        # Not for good: it may be the primary again in a moment.
        raise StoreUnavailableError(
            "the server is a replica; the store talks to the primary only", code="store.behind"
        )


def _line(info: Mapping[Any, Any], name: str) -> str:
    # Names are text or bytes, as the client was made.
    value = info.get(name, info.get(name.encode(), ""))
    return value.decode() if isinstance(value, bytes) else str(value)
