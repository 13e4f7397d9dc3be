"""Refresh rotation: what a session is, what becomes of a refresh token, and what a store has to keep."""

from __future__ import annotations

from jwtkit.refresh.family import EndReason, Family
from jwtkit.refresh.grant import Grant
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.protocols import (
    AsyncSecretRegistry,
    AsyncSessionStore,
    EpochReading,
    EpochScope,
    SecretRegistry,
    SessionStore,
    Snapshot,
)
from jwtkit.refresh.secret import RotationSecret
from jwtkit.refresh.session import Session

__all__ = [
    "AsyncSecretRegistry",
    "AsyncSessionStore",
    "EndReason",
    "EpochReading",
    "EpochScope",
    "Family",
    "Grant",
    "RefreshPolicy",
    "RotationSecret",
    "SecretRegistry",
    "Session",
    "SessionStore",
    "Snapshot",
    "TokenPair",
]
