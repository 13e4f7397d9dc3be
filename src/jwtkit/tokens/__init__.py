"""Tokens as claims under a signature: what they may say, what must hold, and what holding makes of them."""

from __future__ import annotations

from jwtkit.tokens.policy import Check
from jwtkit.tokens.profiles import (
    ACCESS_TOKEN,
    EXTERNAL_ACCESS_TOKEN,
    GENERIC,
    ID_TOKEN,
    RFC9068,
    SECURITY_EVENT,
    Profile,
)
from jwtkit.tokens.report import CheckResult, CheckStatus, ValidationReport
from jwtkit.tokens.token import IssuedToken, StaleToken, VerifiedToken

__all__ = [
    "ACCESS_TOKEN",
    "EXTERNAL_ACCESS_TOKEN",
    "GENERIC",
    "ID_TOKEN",
    "RFC9068",
    "SECURITY_EVENT",
    "Check",
    "CheckResult",
    "CheckStatus",
    "IssuedToken",
    "Profile",
    "StaleToken",
    "ValidationReport",
    "VerifiedToken",
]
