"""RefreshRotator: logins, and trading each refresh token for the next pair exactly once."""

from __future__ import annotations

from jwtkit.rotator.asynchronous import AsyncRefreshRotator
from jwtkit.rotator.synchronous import RefreshRotator

__all__ = ["AsyncRefreshRotator", "RefreshRotator"]
