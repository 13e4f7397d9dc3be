"""The sources a validator may have to ask: are they awaited, do they block, and how do they fail."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Final

from jwtkit.errors import Boundary, KeysUnavailableError, StoreUnavailableError
from jwtkit.keys.protocols import Refreshable, VerificationKeyStore

__all__ = ["KEY_STORE", "REVOCATION", "answers_awaited", "may_block", "refreshes_awaited"]

KEY_STORE: Final = Boundary(KeysUnavailableError, "the key store")
REVOCATION: Final = Boundary(StoreUnavailableError, "the revocation source")


def refreshes_awaited(store: VerificationKeyStore) -> bool:
    """Say whether the key store looks for unknown keys in a coroutine."""
    return iscoroutinefunction(getattr(store, "refresh", None))


def answers_awaited(revocation: object) -> bool:
    """Say whether the revocation source answers in a coroutine."""
    return iscoroutinefunction(getattr(revocation, "status", None))


def may_block(source: object) -> bool:
    """Say whether asking a sync source may wait; one that never does says ``blocking = False``.

    A key store without `refresh` only hands out what it holds; anything else is taken to block, since
    an event loop that stands still is worse than a thread too many.
    """
    if isinstance(source, VerificationKeyStore) and not isinstance(source, Refreshable):
        return False
    return getattr(source, "blocking", True) is not False
