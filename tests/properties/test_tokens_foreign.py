"""Whatever arrives, only errors of ours escape: any text or bytes, any header and claims rightly signed."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.tokens.kit import AUDIENCE, ISSUER, KEY, NOW, THUMBPRINT, compact
from tests.validator.faces import Sync

from jwtkit.dangerous import UnverifiedToken, decode_unverified
from jwtkit.errors import TokenError
from jwtkit.testing.strategies import hostile_tokens, json_values
from jwtkit.tokens import (
    EXTERNAL_ACCESS_TOKEN,
    GENERIC,
    ID_TOKEN,
    StaleToken,
    ValidationReport,
    VerifiedToken,
)
from jwtkit.validator import AsyncTokenValidator, TokenCache, TokenValidator, TrustedIssuer

FACE = Sync()
VALIDATORS: list[TokenValidator] = [
    FACE.make(),
    FACE.make(cache=TokenCache()),
    FACE.make(profile=EXTERNAL_ACCESS_TOKEN),
    FACE.make(profile=ID_TOKEN, audience=["a", AUDIENCE]),
    FACE.make(issuer=None, audience=None, profile=GENERIC),
    FACE.trusting(
        TrustedIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
        TrustedIssuer("https://b.example", audience="b", keys=KEY),
    ),
]
AWAITED = AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=lambda: NOW)
PROPERTIES = [name for name in dir(VerifiedToken) if isinstance(getattr(VerifiedToken, name), property)]


def read_everything(token: Any) -> None:
    """Reading what was accepted gives a value or an error of ours, and a subject is a text."""
    for name in PROPERTIES:
        try:
            value = getattr(token, name)
        except TokenError:
            continue
        assert value is not None
        if name in ("issuer", "subject", "id", "client_id", "session_id", "confirmation"):
            assert type(value) is str
            assert value
    assert repr(token).isascii()


def answer(call: Any, *arguments: Any, **options: Any) -> Any:
    """Return what a call returns, or the error of ours that refuses the token; nothing else may escape."""
    try:
        return call(*arguments, **options)
    except TokenError as error:
        return error


def only_ours_escape(token: Any) -> None:
    for validator in VALIDATORS:
        for options in ({}, {"confirmation": THUMBPRINT}, {"unsafe_ignore_confirmation": True}):
            report = validator.inspect(token, **options)
            assert type(report) is ValidationReport
            assert str(report)
            verified = answer(validator.validate, token, **options)
            assert report.ok is (type(verified) is VerifiedToken)
            stale = answer(validator.validate_except_lifetime, token, **options)
            for kind, made in ((VerifiedToken, verified), (StaleToken, stale)):
                if type(made) is kind:
                    read_everything(made)
                else:
                    assert isinstance(made, TokenError)
                    assert str(made)
    assert isinstance(answer(decode_unverified, token), UnverifiedToken | TokenError)


@given(st.text() | st.text(st.sampled_from("ey.J0_-=A {}"), max_size=60))
def test_any_text(token: str) -> None:
    only_ours_escape(token)


@given(st.binary() | st.binary(max_size=40).map(lambda data: b"." + data + b"."))
def test_any_bytes(token: bytes) -> None:
    only_ours_escape(token)


@given(hostile_tokens())
def test_anything_sent_in_place_of_a_token(token: Any) -> None:
    only_ours_escape(token)


HUGE = st.sampled_from([10**400, -(10**400), 1e308, -1e308, 5e-324, 2**63, -(2**63)])
NEAR_NOW = st.integers(NOW - 2000, NOW + 2000)
VALUES = (
    json_values()
    | HUGE
    | NEAR_NOW
    | st.sampled_from([ISSUER, AUDIENCE, [AUDIENCE], "https://b.example", {}, []])
)
NAMES = st.sampled_from(
    [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "scp",
        "client_id",
        "azp",
        "sid",
        "cnf",
        "typ",
        "token_use",
        "nonce",
        "events",
        "rte",
        "rtg",
    ]
)
CLAIMS = st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=12)
NEARLY_GOOD = CLAIMS.map(
    lambda changes: {
        "iss": ISSUER,
        "sub": "a",
        "aud": AUDIENCE,
        "exp": NOW + 9,
        "iat": NOW,
        "jti": "j",
        **changes,
    }
)
HEADERS = st.dictionaries(
    st.sampled_from(["typ", "kid", "cty", "crit", "jwk", "x5c", "alg", "b64"]) | st.text(max_size=5),
    json_values(max_leaves=4) | st.sampled_from(["at+jwt", "JWT", "main", "HS256"]),
    max_size=4,
)
GOOD_HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "main"}


@given(CLAIMS | NEARLY_GOOD, st.sampled_from(["at+jwt", "JWT"]))
@example({"iss": ISSUER, "sub": "a", "aud": AUDIENCE, "exp": 10**400, "iat": 0, "jti": "j"}, "at+jwt")
@example({"exp": NOW + 1, "iss": None}, "JWT")
@example({"exp": NOW + 1, "iat": -(10**400), "nbf": -(10**400)}, "JWT")
def test_any_claims_signed_with_the_right_key(claims: dict[str, Any], typ: str) -> None:
    only_ours_escape(compact({**GOOD_HEADER, "typ": typ}, claims))


@given(HEADERS, NEARLY_GOOD)
def test_any_header_signed_with_the_right_key(header: dict[str, Any], claims: dict[str, Any]) -> None:
    only_ours_escape(compact({**GOOD_HEADER, **header}, claims))
    only_ours_escape(compact(header, claims))


@given(st.binary(max_size=80) | json_values().map(repr).map(str.encode))
def test_any_payload_signed_with_the_right_key(payload: bytes) -> None:
    only_ours_escape(compact(GOOD_HEADER, payload))
    only_ours_escape(compact(payload, payload))


@given(hostile_tokens() | NEARLY_GOOD.map(lambda claims: compact(GOOD_HEADER, claims)))
def test_the_async_validator_too(token: Any) -> None:
    report = asyncio.run(AWAITED.inspect(token))
    verified = answer(lambda: asyncio.run(AWAITED.validate(token)))
    stale = answer(lambda: asyncio.run(AWAITED.validate_except_lifetime(token)))
    assert report.ok is (type(verified) is VerifiedToken)
    assert isinstance(verified, VerifiedToken | TokenError)
    assert isinstance(stale, StaleToken | TokenError)
