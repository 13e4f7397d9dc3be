"""Stores that kill their own process, by the signal nobody can catch, at a named point of a refresh.

No code of the library knows of them: they stand between it and its store.
"""

from __future__ import annotations

import os
import signal

__all__ = ["POINTS", "AsyncFailPoints", "FailPoints", "die_at"]

POINTS = ("before read", "after read", "before swap", "after swap", "before answer", "after answer")
"""Where a refreshing process may die; the last two are the worker's own, see `die_at`."""


def die_at(point: str, planned: str) -> None:
    """Kill this process if this is the point it was to die at."""
    if point == planned:
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()  # the signal comes before this returns


class FailPoints:
    """A session store whose process dies before or after its reads or swaps.

    Args:
        store: The store.
        point: One of `POINTS`.
    """

    def __init__(self, store, point: str) -> None:
        self._store = store
        self._point = point

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def read(self, session_id: str, /):
        die_at("before read", self._point)
        snapshot = self._store.read(session_id)
        die_at("after read", self._point)
        return snapshot

    def compare_and_swap(self, family, /, *, expected_version: int) -> bool:
        die_at("before swap", self._point)
        won = self._store.compare_and_swap(family, expected_version=expected_version)
        die_at("after swap", self._point)
        return won


class AsyncFailPoints(FailPoints):
    """As `FailPoints`, awaited."""

    async def read(self, session_id: str, /):
        die_at("before read", self._point)
        snapshot = await self._store.read(session_id)
        die_at("after read", self._point)
        return snapshot

    async def compare_and_swap(self, family, /, *, expected_version: int) -> bool:
        die_at("before swap", self._point)
        won = await self._store.compare_and_swap(family, expected_version=expected_version)
        die_at("after swap", self._point)
        return won
