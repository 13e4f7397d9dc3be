"""TokenValidator: checks tokens strictly, and explains every check."""

from __future__ import annotations

from jwtkit.validator.asynchronous import AsyncTokenValidator
from jwtkit.validator.cache import TokenCache
from jwtkit.validator.revocation_cache import AsyncRevocationCache, RevocationCache
from jwtkit.validator.synchronous import TokenValidator
from jwtkit.validator.trust import TrustedIssuer

__all__ = [
    "AsyncRevocationCache",
    "AsyncTokenValidator",
    "RevocationCache",
    "TokenCache",
    "TokenValidator",
    "TrustedIssuer",
]
