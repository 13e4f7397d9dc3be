"""What `jwtkit` exports is curated: a name added or gone is a decision, made here as well."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'TokenFactory'"):
        jwtkit.TokenFactory  # noqa: B018 - the look-up is what is tested


def test_every_name_is_listed_by_dir():
    assert dir(jwtkit) == sorted(CURATED)


def test_a_service_that_validates_loads_nothing_that_rotates():
    code = """
import sys, jwtkit
assert not [name for name in sys.modules if name.startswith("jwtkit.")]
jwtkit.TokenValidator, jwtkit.JWKSet
assert not {"jwtkit.rotator", "jwtkit.authority", "jwt", "cryptography", "sqlite3"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
