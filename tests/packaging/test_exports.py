"""What `jwtkit` exports is curated: a name added or gone is a decision, made here as well."""

from __future__ import annotations

import jwtkit

CURATED = [
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


def test_the_exported_names_are_the_curated_ones():
    assert jwtkit.__all__ == CURATED


def test_every_exported_name_is_there():
    assert [name for name in CURATED if not hasattr(jwtkit, name)] == []


def test_the_errors_exported_are_the_six_bases():
    errors = {name for name in CURATED if name.endswith("Error")}
    assert errors == {
        "ConfigurationError",
        "JWTKitError",
        "RefreshError",
        "TokenError",
        "TokenExpiredError",
        "UnavailableError",
    }
