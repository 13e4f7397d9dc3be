"""jwtkit: access tokens checked strictly, refresh tokens rotated safely, for every framework.

The whole of it in ten lines::

    from jwtkit import RotationSecret, SigningKey, TokenAuthority
    from jwtkit.stores import SQLiteSessionStore

    auth = TokenAuthority(
        "https://orders.example", audience="orders-api", keys=SigningKey.generate("ES256"),
        store=SQLiteSessionStore("sessions.db"), secret=RotationSecret.generate(),
    )
    pair = auth.rotator.start("client-42", scopes=["orders:read"])
    token = auth.validator.validate(pair.access_token)
    pair = auth.rotator.rotate(pair.refresh_token, access_token=pair.access_token)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jwtkit.authority import TokenAuthority
    from jwtkit.errors import (
        ConfigurationError,
        JWTKitError,
        RefreshError,
        TokenError,
        TokenExpiredError,
        UnavailableError,
    )
    from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
    from jwtkit.jose import JWKSet, SigningKey, VerificationKey
    from jwtkit.keys import StaticKeyStore
    from jwtkit.refresh import Grant, RefreshPolicy, RotationSecret, Session, TokenPair
    from jwtkit.rotator import AsyncRefreshRotator, RefreshRotator
    from jwtkit.tokens import (
        ACCESS_TOKEN,
        EXTERNAL_ACCESS_TOKEN,
        GENERIC,
        ID_TOKEN,
        RFC9068,
        SECURITY_EVENT,
        IssuedToken,
        Profile,
        StaleToken,
        ValidationReport,
        VerifiedToken,
    )
    from jwtkit.validator import AsyncTokenValidator, TokenCache, TokenValidator, TrustedIssuer

__all__ = [
    "ACCESS_TOKEN",
    "EXTERNAL_ACCESS_TOKEN",
    "GENERIC",
    "ID_TOKEN",
    "RFC9068",
    "SECURITY_EVENT",
    "AsyncRefreshRotator",
    "AsyncTokenIssuer",
    "AsyncTokenValidator",
    "ConfigurationError",
    "Grant",
    "IssuedToken",
    "JWKSet",
    "JWTKitError",
    "Profile",
    "RefreshError",
    "RefreshPolicy",
    "RefreshRotator",
    "RotationSecret",
    "Session",
    "SigningKey",
    "StaleToken",
    "StaticKeyStore",
    "TokenAuthority",
    "TokenCache",
    "TokenError",
    "TokenExpiredError",
    "TokenIssuer",
    "TokenPair",
    "TokenValidator",
    "TrustedIssuer",
    "UnavailableError",
    "ValidationReport",
    "VerificationKey",
    "VerifiedToken",
]

# A service that only validates never loads what rotates, and `import jwtkit` itself loads nothing: a name
# brings its module along when it is first asked for (PEP 562).
_HOMES: Final = {
    name: f"jwtkit.{module}"
    for module, names in {
        "authority": "TokenAuthority",
        "errors": "ConfigurationError JWTKitError RefreshError TokenError TokenExpiredError UnavailableError",
        "issuer": "AsyncTokenIssuer TokenIssuer",
        "jose": "JWKSet SigningKey VerificationKey",
        "keys": "StaticKeyStore",
        "refresh": "Grant RefreshPolicy RotationSecret Session TokenPair",
        "rotator": "AsyncRefreshRotator RefreshRotator",
        "tokens": "ACCESS_TOKEN EXTERNAL_ACCESS_TOKEN GENERIC ID_TOKEN RFC9068 SECURITY_EVENT"
        " IssuedToken Profile StaleToken ValidationReport VerifiedToken",
        "validator": "AsyncTokenValidator TokenCache TokenValidator TrustedIssuer",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
