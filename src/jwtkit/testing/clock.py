"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

__all__ = ["ManualClock"]


class ManualClock:
    """A callable giving seconds since the epoch, for every ``clock=`` of jwtkit; safe for threads.

    It keeps whole microseconds, so that any number of small steps adds up exactly.

    Args:
        start: Where it begins, in seconds since the epoch.

    Example:
        >>> clock = ManualClock(start=1_000)
        >>> clock.advance(timedelta(minutes=15))
        1900.0
        >>> clock.advance(-0.5)
        1899.5
        >>> clock()
        1899.5
    """

    def __init__(self, start: float | datetime = 1_750_000_000) -> None:
        self._lock = Lock()
        self._microseconds = _microseconds(start)

    def __call__(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self._microseconds / 1_000_000

    def __repr__(self) -> str:
        return f"ManualClock({self()!r})"

    def advance(self, by: timedelta | float) -> float:
        """Move the clock by a duration (seconds, or a timedelta; back when negative); return the new time."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        with self._lock:
            self._microseconds += _microseconds(seconds)
        return self()

    def set(self, to: float | datetime) -> float:
        """Set the clock to seconds since the epoch, or to an aware datetime; return the new time."""
        with self._lock:
            self._microseconds = _microseconds(to)
        return self()


def _microseconds(time: float | datetime) -> int:
    if not isinstance(time, datetime):
        return round(time * 1_000_000)
    if time.tzinfo is None:
        raise ValueError("expected an aware datetime, such as datetime(2026, 1, 1, tzinfo=UTC)")
    return round(time.timestamp() * 1_000_000)
