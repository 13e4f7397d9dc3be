"""TokenValidator: checks tokens strictly, and explains every check."""

from __future__ import annotations

from jwtkit.validator.asynchronous import AsyncTokenValidator
from jwtkit.validator.cache import TokenCache
from jwtkit.validator.synchronous import TokenValidator
from jwtkit.validator.trust import TrustedIssuer

__all__ = ["AsyncTokenValidator", "TokenCache", "TokenValidator", "TrustedIssuer"]
