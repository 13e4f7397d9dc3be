"""How long a session lives and how forgiving its rotation is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from jwtkit.errors import ConfigurationError

__all__ = ["RefreshPolicy", "milliseconds"]

_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST: Final = timedelta(days=3653)


def milliseconds(duration: timedelta) -> int:
    """Return the duration in whole milliseconds, rounded down."""
    return duration // _MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """The rules of a session; checked when made.

    Attributes:
        idle: A session not refreshed for so long is over.
        absolute: A session is over so long after login, however busy it is.
        retry_window: A superseded refresh token gets the same successor again for so long, so that a lost
            response or two tabs log nobody out. Zero makes every second use an attack.
        rotate: Whether a refresh gives a new refresh token. Without rotation a stolen token cannot be
            noticed: for clients that hold it in hardware or bind it to a key (RFC 9700 §2.2.2).
        require_access_token: Whether a refresh must also present the session's access token, which may have
            expired and nothing else.
        max_sessions: How many sessions a subject may have; a login over it ends the oldest. Logins at the
            very same time do not end each other: there may be a few more until the next one.
        lag: A token younger than this may be newer than what a store knows just after a failover: it
            is answered with 503, not thrown away.
    """

    idle: timedelta = timedelta(days=14)
    absolute: timedelta = timedelta(days=90)
    retry_window: timedelta = timedelta(seconds=30)
    rotate: bool = True
    require_access_token: bool = False
    max_sessions: int | None = None
    lag: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        for name in ("idle", "absolute", "retry_window", "lag"):
            value = getattr(self, name)
            if not isinstance(value, timedelta):
                raise _wrong(f"RefreshPolicy({name}=…) must be a timedelta, such as timedelta(minutes=10)")
        for name in ("rotate", "require_access_token"):
            if not isinstance(getattr(self, name), bool):
                raise _wrong(f"RefreshPolicy({name}=…) must be True or False")
        if not _SECOND <= self.absolute <= _LONGEST:
            raise _wrong("RefreshPolicy(absolute=…) must be between one second and ten years")
        if not _SECOND <= self.idle <= self.absolute:
            raise _wrong("RefreshPolicy(idle=…) must be at least one second and no longer than absolute")
        if not timedelta(0) <= self.retry_window < self.idle:
            raise _wrong("RefreshPolicy(retry_window=…) must not be negative and must be shorter than idle")
        if not timedelta(0) <= self.lag <= _LONGEST:
            raise _wrong("RefreshPolicy(lag=…) must not be negative")
        if self.max_sessions is not None and (type(self.max_sessions) is not int or self.max_sessions < 1):
            raise _wrong("RefreshPolicy(max_sessions=…) must be None or a number from 1")


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="refresh_policy")
