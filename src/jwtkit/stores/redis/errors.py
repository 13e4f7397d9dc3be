"""Every error of redis-py as one of ours. Texts name the kind of failure, never an address, key or value."""

from __future__ import annotations

import re
from typing import Final

from jwtkit.errors import ConfigurationError, JWTKitError, StoreUnavailableError

__all__ = ["at_run_time", "needs_cluster_client"]

_FIRST_WORD: Final = re.compile(r"(?:ERR )?([A-Z][A-Z_]{2,})\b")

_KNOWN: Final[dict[str, str]] = {
    "AuthenticationError": "NOAUTH",
    "AuthenticationWrongNumberOfArgsError": "NOAUTH",
    "AuthorizationError": "NOPERM",
    "BusyLoadingError": "LOADING",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "NoPermissionError": "NOPERM",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
}
"""What the server said, for the classes from whose text redis-py has cut it."""

_HINTS: Final[dict[str, str]] = {
    "MISCONF": "the server cannot write to its disk; see its log",
    "NOAUTH": "the server wants another user or password",
    "NOPERM": "the server's access list does not let this user run the store's commands on its keys",
    "NOREPLICAS": "fewer replicas are connected than min-replicas-to-write asks for",
    "OOM": "the server's memory is full: raise maxmemory, or purge; logins fail until then",
    "READONLY": "this server is a replica; the store talks to the primary only",
}


def needs_cluster_client() -> ConfigurationError:
    """Return the error of a client for one server that was given one of a cluster."""
    return ConfigurationError(
        "the server is part of a cluster",
        code="store.cluster",
        hint="give the store a RedisCluster client, or a URL and cluster=True",
    )


def at_run_time(error: Exception) -> JWTKitError:
    """Return what to raise when a call failed; whether a write happened is then unknown."""
    if isinstance(error, JWTKitError):
        return error
    name = _name(error)
    if name in ("CROSSSLOT", "MOVED"):
        return needs_cluster_client()
    return StoreUnavailableError(
        f"the session store's server could not answer ({name})", hint=_HINTS.get(name)
    )


def _name(error: Exception) -> str:
    kind = type(error).__name__
    if kind in _KNOWN:
        return _KNOWN[kind]
    if kind == "ResponseError" and (said := _FIRST_WORD.match(str(error))):
        return said[1]
    return kind
