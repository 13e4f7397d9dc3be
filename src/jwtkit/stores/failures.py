"""The failures that are worded alike whatever keeps the sessions."""

from __future__ import annotations

from jwtkit.errors import StoreUnavailableError

__all__ = ["closed", "duplicate"]


def closed() -> StoreUnavailableError:
    """Return the error of a store that was closed."""
    return StoreUnavailableError("the session store is closed", code="store.closed")


def duplicate() -> StoreUnavailableError:
    """Return the error of a new session whose id is taken."""
    return StoreUnavailableError("a session of this id exists already", code="store.duplicate")
