"""Issuing and validating, as a type checker sees them. Checked by `make types`, never run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_type

from jwtkit import (
    ACCESS_TOKEN,
    EXTERNAL_ACCESS_TOKEN,
    AsyncTokenIssuer,
    AsyncTokenValidator,
    IssuedToken,
    JWKSet,
    Profile,
    SigningKey,
    StaleToken,
    StaticKeyStore,
    TokenIssuer,
    TokenValidator,
    TrustedIssuer,
    ValidationReport,
    VerificationKey,
    VerifiedToken,
)
from jwtkit.dangerous import decode_unverified
from jwtkit.errors import Failure, JWTKitError, TokenError, TokenExpiredError, UnavailableError
from jwtkit.jose import VerifiedJWS, sign_compact, verify_compact
from jwtkit.testing import verified_token


@dataclass(frozen=True)
class Customer:
    """A type of the application's own."""

    plan: str

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> Customer:
        """Read it from claims."""
        return cls(str(claims["plan"]))


def keys() -> None:
    """Every way to a key."""
    key = SigningKey.generate("ES256", kid="first")
    assert_type(key, SigningKey)
    assert_type(key.kid, str)
    assert_type(key.alg, str)
    assert_type(key.verification_key, VerificationKey)
    assert_type(SigningKey.from_pem(b"", alg="RS256", password="secret"), SigningKey)
    assert_type(SigningKey.from_jwk({"kty": "OKP"}), SigningKey)
    assert_type(SigningKey.from_secret(b"", alg="HS256"), SigningKey)
    assert_type(VerificationKey.from_pem("", alg="ES256"), VerificationKey)
    assert_type(VerificationKey.from_jwk({}), VerificationKey)
    key_set = JWKSet.parse('{"keys": []}', algorithms=["RS256"])
    assert_type(key_set, JWKSet)
    assert_type(key_set.to_json(), str)
    for each in key_set:
        assert_type(each, VerificationKey)
    assert_type(key_set.find("ES256", None), VerificationKey | None)


def issuing(key: SigningKey) -> None:
    """An issuer takes a key or a store that signs."""
    issuer = TokenIssuer(
        "https://orders.example", audience="orders-api", keys=key, lifetime=timedelta(minutes=5)
    )
    TokenIssuer("https://orders.example", audience=["a", "b"], keys=StaticKeyStore(key, key.verification_key))
    issued = issuer.issue("client-42", scopes=["orders:read"], claims={"plan": "gold"}, client_id="spa")
    assert_type(issued, IssuedToken)
    assert_type(issued.token, str)
    assert_type(issued.id, str)
    assert_type(issued.expires_at, datetime)
    assert_type(issued.expires_in, int)
    assert_type(issuer.profile, Profile)


def validating(key: SigningKey, text: str) -> None:
    """A validator takes any key, a set or a store; what it returns has no None in it."""
    validator = TokenValidator("https://orders.example", audience="orders-api", keys=key.verification_key)
    TokenValidator("https://orders.example", audience=("a", "b"), keys=JWKSet([key.verification_key]))
    TokenValidator(
        "https://orders.example",
        audience="orders-api",
        keys=key,
        algorithms=["ES256"],
        leeway=timedelta(seconds=5),
        profile=replace(EXTERNAL_ACCESS_TOKEN, subject_claim="oid"),
        required_claims=["tid"],
        checks=[lambda claims: None if claims["tid"] else Failure("claim.tid.mismatch", "tid", "a tenant")],
    )
    token = validator.validate(text)
    assert_type(token, VerifiedToken)
    assert_type(token.subject, str)
    assert_type(token.issuer, str)
    assert_type(token.audience, tuple[str, ...])
    assert_type(token.scopes, frozenset[str])
    assert_type(token.expires_at, datetime)
    assert_type(token.claims, Mapping[str, Any])
    assert_type(token.claims_as(Customer.read), Customer)
    token.require_scopes("orders:read", "orders:write")
    stale = validator.validate_except_lifetime(text, max_expired_for=timedelta(hours=1))
    assert_type(stale, StaleToken)
    assert_type(stale.expired, bool)
    assert_type(stale.subject, str)
    report = validator.inspect(text)
    assert_type(report, ValidationReport)
    assert_type(report.error, TokenError | UnavailableError | None)
    assert_type(decode_unverified(text).claims, Mapping[str, Any])
    several = TokenValidator.trusting(
        TrustedIssuer("https://a.example", audience="orders-api", keys=key, profile=ACCESS_TOKEN),
        TrustedIssuer("https://b.example", audience="orders-api", keys=key.verification_key),
    )
    assert_type(several, TokenValidator)


def needs_trust(token: VerifiedToken) -> str:
    """Take what was verified and nothing else."""
    return token.subject


def a_stale_token_is_not_a_verified_one(validator: TokenValidator, text: str) -> None:
    """The one mix-up this design is there to stop; the ignore is an error should it ever become legal."""
    needs_trust(verified_token("client-42", scopes=["orders:read"]))
    needs_trust(validator.validate(text))
    needs_trust(validator.validate_except_lifetime(text))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors(validator: TokenValidator, text: str) -> str:
    """An error says its code, its status and perhaps more."""
    try:
        return validator.validate(text).subject
    except TokenExpiredError as error:
        assert_type(error.failures, tuple[Failure, ...])
        return error.code
    except JWTKitError as error:
        assert_type(error.http_status, int)
        assert_type(error.oauth_error, str | None)
        assert_type(error.hint, str | None)
        return error.code


def signing(key: SigningKey) -> None:
    """Bytes other than claims."""
    text = sign_compact(b"{}", key, header={"typ": "example"})
    assert_type(text, str)
    verified = verify_compact(text, key.verification_key, algorithms=["ES256"])
    assert_type(verified, VerifiedJWS)
    assert_type(verified.payload, bytes)


async def awaiting(issuer: AsyncTokenIssuer, validator: AsyncTokenValidator) -> None:
    """The async twins return the same types."""
    assert_type(await issuer.issue("client-42"), IssuedToken)
    assert_type(await validator.validate(""), VerifiedToken)
    assert_type(await validator.validate_except_lifetime(""), StaleToken)
    assert_type(await validator.inspect(""), ValidationReport)
